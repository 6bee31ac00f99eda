#include "model/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kepu::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskedDepartments : public ::testing::Test {
protected:
  static Department department(const char* code, std::vector<std::string> aliases = {}) {
    return {code, {std::string("局") + code, ""}, std::move(aliases), ""};
  }
  const Departments departments{{department("a", {"甲局"}), department("b"), department("c"), department("d")},
                                {{"streets", {"各街道", ""}, {}, {"c", "d"}, false, false},
                                 {"office", {"办公室其他成员单位", ""}, {}, {"a", "b", "c"}, true, true}}};
};

TEST_F(TaskedDepartments, ABodyStandsForItsMembers) {
  const auto out = tasked(departments, {"a"}, {"b", "streets"});
  EXPECT_THAT(out.lead, ElementsAre(Named{"a", "", false}));
  EXPECT_THAT(out.responsible,
              ElementsAre(Named{"b", "", false}, Named{"c", "streets", false}, Named{"d", "streets", false}));
}

TEST_F(TaskedDepartments, OthersAreThoseWhomTheClauseDoesNotName) {
  const auto out = tasked(departments, {"a"}, {"office", "streets"});
  EXPECT_THAT(out.responsible,
              ElementsAre(Named{"b", "office", true}, Named{"c", "office", true}, Named{"d", "streets", false}));
}

TEST_F(TaskedDepartments, WhoIsNamedByItselfDoesNotComeThroughABody) {
  const auto out = tasked(departments, {}, {"streets", "d"});
  EXPECT_THAT(out.responsible, ElementsAre(Named{"d", "", false}, Named{"c", "streets", false}));
}

TEST_F(TaskedDepartments, ALeadIsNotResponsibleToo) {
  const auto out = tasked(departments, {"c"}, {"c", "streets"});
  EXPECT_THAT(out.lead, ElementsAre(Named{"c", "", false}));
  EXPECT_THAT(out.responsible, ElementsAre(Named{"d", "streets", false}));
}

TEST_F(TaskedDepartments, NobodyIsNamedWhereNobodyIs) { EXPECT_THAT(tasked(departments, {}, {}).lead, IsEmpty()); }

TEST_F(TaskedDepartments, AWordMeansOneDepartmentOrBody) {
  EXPECT_EQ(departments.lookup("甲局"), "a");
  EXPECT_EQ(departments.lookup("各街道"), "streets");
  EXPECT_EQ(departments.lookup("x"), "");
}

} // namespace
} // namespace kepu::model
