#include "ctl/completion.hpp"
#include "ctl/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace kepu::ctl {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

std::string script(const std::string& shell) {
  std::ostringstream out, err;
  EXPECT_EQ(run({"completion", shell}, Console{.out = out, .err = err}), ok) << err.str();
  return out.str();
}

TEST(Completion, KnowsEveryCommandInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto text = script(shell);
    for (const char* command :
         {"check",        "status",       "sources",    "run",       "retry",       "backfill",     "pause",
          "resume",       "observations", "indicators", "runs",      "rejects",     "history",      "explain",
          "commits",      "label",        "withdraw",   "retention", "rebuild",     "verify",       "compact",
          "erase-person", "jobs",         "completion", "plan",      "departments", "completeness", "reload"})
      EXPECT_THAT(text, HasSubstr(command)) << shell;
    EXPECT_THAT(text, ContainsRegex("kepuctl .*where.* sources --ids")) << shell;
    EXPECT_THAT(text, ContainsRegex("kepuctl .*where.* indicators --ids")) << shell;
  }
}

TEST(Completion, KnowsTheOptionsOfACommand) {
  EXPECT_THAT(
      script("bash"),
      HasSubstr("--freq --from --to --area --by --source --columns --sort --combine --as-of --limit --lang --csv"));
  EXPECT_THAT(script("bash"), HasSubstr("--period --area --where --source --as-of --limit --lang --csv"));
  EXPECT_THAT(script("bash"), HasSubstr("--commit --replace"));
  EXPECT_THAT(script("bash"),
              ContainsRegex("retention\\)\n    options=\"--help --no-wait --before --yes\"\n    operands=.*sources"));
  EXPECT_THAT(script("bash"), HasSubstr("--no-wait --from --to --allow-empty"));
  EXPECT_THAT(script("bash"), HasSubstr("--source --labelled --limit"));
  EXPECT_THAT(script("fish"), HasSubstr("complete -c kepuctl -n '__fish_seen_subcommand_from observations' -l csv\n"));
}

TEST(Completion, OffersWhatCanBeWithdrawn) {
  EXPECT_THAT(script("bash"), ContainsRegex("withdraw\\)\n    options=\"--help --no-wait --yes\"\n"
                                            "    operands=\"run source .*sources --ids"));
  EXPECT_THAT(script("fish"), HasSubstr("__fish_seen_subcommand_from withdraw' -a 'run source (kepuctl "));
  EXPECT_THAT(script("bash"), ContainsRegex("  run\\)\n    options=\"--help --no-wait --again"));
}

TEST(Completion, OfAShellThatIsUnknownIsRefused) {
  EXPECT_FALSE(completion("tcsh", {}).has_value());
  std::ostringstream out, err;
  EXPECT_EQ(run({"completion", "tcsh"}, Console{.out = out, .err = err}), usage);
  EXPECT_EQ(out.str(), "");
}

} // namespace
} // namespace kepu::ctl
