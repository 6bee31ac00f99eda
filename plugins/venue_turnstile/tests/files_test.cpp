// SPDX-License-Identifier: Apache-2.0
//
// Which files are read, and when.
#include "folder_fixture.hpp"

#include <unistd.h>

namespace venue_turnstile::tests {
namespace {

TEST_F(Turnstile, TakesFinishedFilesInOrderOfName) {
  put("b.csv", header + row(1, "out"));
  put("a.csv", header + row(1, "in") + row(2));
  put("notes.txt", "not for us");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.calls, ElementsAre("begin_input a.csv take", "emit", "end_input", "commit", "begin_input b.csv take",
                                     "emit", "end_input", "commit"));
  EXPECT_EQ(hub.facts["E1"].text, "V01|1|out|1741137060000000|C1") << "the later file counts";
  EXPECT_EQ(hub.facts["E2"].input, "a.csv");
  EXPECT_EQ(hub.facts["E2"].place, 3u);
  EXPECT_EQ(hub.text, "2 files taken");
}

TEST_F(Turnstile, ARunWithoutNewsAsksAndWritesNothing) {
  put("a.csv", header + row(1));
  put("empty.csv", "");
  fs::create_directory(folder / "old.csv");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(hub.calls.empty()) << testing::PrintToString(hub.calls);
  EXPECT_TRUE(hub.log.empty()) << log();
}

TEST_F(Turnstile, AFileStillBeingWrittenWaits) {
  put("a.csv", header + row(1), 0);
  put("b.csv", header + row(2));
  settings["settle"] = "60";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E2")) << "the others go on";
  EXPECT_EQ(hub.text, "1 file taken; 1 still being written");
  aged("a.csv", 61);
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1", "E2"));
}

TEST_F(Turnstile, AFileFromTheFutureIsJudgedByItsStatus) {
  put("a.csv", header + row(1), -86400);
  settings["settle"] = "60";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(hub.facts.empty());
  settings["settle"] = "0";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts.size(), 1u);
}

TEST_F(Turnstile, AFileThatIsWrittenToWhileItIsLookedAtWaits) {
  put("a.csv", header + row(1));
  put("b.csv", header + row(2));
  hub.before_call = [&](size_t, const std::string& call) {
    if (call == "begin_input a.csv") append("b.csv", row(3), 0); // after the folder was listed
    return true;
  };
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1"));
}

TEST_F(Turnstile, ARenamedCopyIsNotTakenTwice) {
  put("a.csv", header + row(1));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  fs::copy_file(folder / "a.csv", folder / "z.csv");
  aged("z.csv", 100);
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.calls, ElementsAre("begin_input z.csv known", "commit"));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(hub.calls.empty()) << "and not hashed again";
}

TEST_F(Turnstile, EmptyVanishingAndOtherThingsAreSaidAndTheRestGoesOn) {
  put("a.csv", header + row(1));
  put("b-empty.csv", "");
  put("c-blank.csv", "\n\r\n\n");
  put("d-header.csv", header);
  fs::create_directory(folder / "e-folder.csv");
  put("f-vanishes.csv", header + row(2));
  fs::create_symlink(folder / "nowhere", folder / "g-dangling.csv");
  ASSERT_EQ(mkfifo((folder / "h-pipe.csv").c_str(), 0600), 0);
  put("\xbf\xc6.csv", header + row(3));
  put("z.csv", header + row(4));
  hub.before_call = [&](size_t, const std::string&) {
    fs::remove(folder / "f-vanishes.csv");
    return true;
  };
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1", "E4"));
  EXPECT_TRUE(hub.rejects.empty());
  EXPECT_THAT(log(), HasSubstr("b-empty.csv is empty and waits"));
  EXPECT_THAT(log(), HasSubstr("c-blank.csv holds only blank lines"));
  EXPECT_THAT(log(), HasSubstr("d-header.csv handed over: 0 rows"));
  EXPECT_THAT(log(), HasSubstr("e-folder.csv is a folder and is not read"));
  EXPECT_THAT(log(), HasSubstr("f-vanishes.csv vanished"));
  EXPECT_THAT(log(), HasSubstr("h-pipe.csv is no regular file"));
  EXPECT_THAT(log(), HasSubstr("name is not UTF-8"));
  // An empty file that is filled is a file like others.
  put("b-empty.csv", header + row(5));
  hub.before_call = nullptr;
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1", "E4", "E5"));
}

TEST_F(Turnstile, AFileThatMayNotBeReadIsSaidAtEveryRunUntilItMay) {
  put("a.csv", header + row(1));
  put("b.csv", header + row(2));
  fs::permissions(folder, fs::perms::all);
  fs::permissions(folder / "a.csv", fs::perms::none);
  const bool root = geteuid() == 0; // who may read everything
  if (root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto first = run();
  const auto first_log = log();
  const auto second = run();
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(first, KEPU_RUN_OK);
  EXPECT_EQ(second, KEPU_RUN_OK);
  EXPECT_THAT(first_log, HasSubstr("a.csv cannot be opened: Permission denied; let the hub's user read it"));
  EXPECT_THAT(log(), HasSubstr("a.csv cannot be opened"));
  EXPECT_THAT(events(), ElementsAre("E2"));
  fs::permissions(folder / "a.csv", fs::perms::owner_read);
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1", "E2"));
}

TEST_F(Turnstile, AFolderThatIsAwayIsWaitedFor) {
  settings["folder"] = (folder / "mount").string();
  EXPECT_EQ(run(), KEPU_RUN_RETRY);
  EXPECT_THAT(hub.text, HasSubstr("cannot be listed: No such file or directory; make it, mount it"));
}

TEST_F(Turnstile, DoneFilesAreMovedOnceTheyAreOnDisk) {
  settings = {{"work_folder", folder.string()}, {"done", "move"}, {"pattern", "*"}};
  put("a.csv", header + row(1));
  put("noext", header + row(2));
  bool there = false;
  hub.before_call = [&](size_t, const std::string& call) {
    if (call == "wait_durable" && !there) there = fs::exists(folder / "a.csv") && !fs::exists(folder / "done");
    return true;
  };
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(there) << "before it is on disk the file stays where it is";
  EXPECT_FALSE(fs::exists(folder / "a.csv"));
  EXPECT_TRUE(fs::exists(folder / "done/a.csv"));
  EXPECT_TRUE(fs::exists(folder / "done/noext"));
  // The same again, and other content under a name that was there: none is lost.
  put("a.csv", header + row(1));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(fs::exists(folder / "done/a (2).csv"));
  put("a.csv", header + row(3));
  put("noext", header + row(4));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(fs::exists(folder / "done/a (3).csv"));
  EXPECT_TRUE(fs::exists(folder / "done/noext (2)"));
  EXPECT_THAT(events(), ElementsAre("E1", "E2", "E3", "E4"));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(hub.calls.empty()) << testing::PrintToString(hub.calls);
  EXPECT_TRUE(hub.log.empty()) << log();
}

TEST_F(Turnstile, ABackfillMovesNoFileAndDoesNotWait) {
  settings = {{"work_folder", folder.string()}, {"done", "move"}};
  put("a.csv", header + row(1));
  hub.range = kepu_range{sizeof(kepu_range), 0, 0, 1, 0, 1};
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E1"));
  EXPECT_TRUE(fs::exists(folder / "a.csv"));
  EXPECT_THAT(hub.calls, testing::Not(testing::Contains("wait_durable")));
}

TEST_F(Turnstile, AFileThatWasReplacedMeanwhileIsNotMovedAway) {
  settings = {{"work_folder", folder.string()}, {"done", "move"}};
  put("a.csv", header + row(1));
  hub.before_call = [&](size_t, const std::string& call) {
    if (call == "wait_durable" && hub.parts == 1) put("a.csv", header + row(2));
    return true;
  };
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(fs::exists(folder / "a.csv"));
  EXPECT_THAT(log(), HasSubstr("a.csv was replaced after it was read"));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_FALSE(fs::exists(folder / "a.csv"));
  EXPECT_THAT(events(), ElementsAre("E1", "E2"));
}

TEST_F(Turnstile, WrongSettingsAreSaidBeforeAnythingIsRead) {
  struct Case {
    Hub::Settings settings;
    const char* says;
  };
  const std::string f = folder.string();
  const Case cases[] = {
      {{}, "neither folder nor work_folder is given"},
      {{{"folder", f}, {"work_folder", f}}, "both folder and work_folder"},
      {{{"folder", f}, {"done", "move"}}, "write work_folder instead"},
      {{{"folder", f}, {"pattern", ""}}, "pattern = \"\""},
      {{{"folder", f}, {"pattern", "sub/*.csv"}}, "names inside the folder"},
      {{{"folder", f}, {"column_ts", " "}}, "column_ts is empty"},
      {{{"folder", f}, {"commit_rows", "0"}}, "commit_rows = 0"},
      {{{"folder", f}, {"commit_rows", "1000001"}}, "is not between 1 and 1000000"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(hub.run(c.settings), KEPU_RUN_BAD_CONFIG) << c.says;
    EXPECT_THAT(hub.text, HasSubstr(c.says));
  }
  hub.zone = "Asia/Chengdu";
  EXPECT_EQ(run(), KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(hub.text, HasSubstr("does not know the time zone Asia/Chengdu"));
}

TEST_F(Turnstile, AnOldBookmarkCostsALookAndNoRow) {
  put("a.csv", header + row(1));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  hub.cursor = "of another time";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(log(), HasSubstr("the bookmark is of another version"));
  EXPECT_THAT(hub.calls, ElementsAre("begin_input a.csv known", "commit"));
}

TEST_F(Turnstile, ProgressRunsToTheEndAndCancellingStops) {
  put("a.csv", header + rows(0, 20000));
  put("b.csv", header + row(1));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  ASSERT_GT(hub.progress.size(), 3u);
  const auto total = fs::file_size(folder / "a.csv") + fs::file_size(folder / "b.csv");
  for (size_t i = 0; i < hub.progress.size(); ++i) {
    EXPECT_EQ(hub.progress[i].second, total);
    if (i) {
      EXPECT_GE(hub.progress[i].first, hub.progress[i - 1].first);
    }
  }
  EXPECT_EQ(hub.progress.back().first, total);

  put("c.csv", header + rows(20000, 90000));
  const auto before = hub.facts;
  hub.before_call = [&](size_t, const std::string& call) {
    hub.cancelled = hub.cancelled || call == "emit";
    return true;
  };
  EXPECT_EQ(run(), KEPU_RUN_CANCELLED);
  EXPECT_LT(calls("emit"), 10u);
  EXPECT_EQ(hub.facts, before);
}

TEST_F(Turnstile, AFileThatTheHubWillNotTakeDoesNotHoldUpTheOthers) {
  put("a.csv", header + rows(0, 3), 3600);
  put("b.csv", header + rows(10, 13), 3500);
  hub.refuses = {"a.csv"};
  EXPECT_EQ(run(), KEPU_RUN_BAD_DATA);
  EXPECT_THAT(hub.text, HasSubstr("1 file taken; passed over a.csv: too many rows"));
  EXPECT_THAT(events(), ElementsAre("E10", "E11", "E12"));
  hub.refuses.clear(); // as after a restart with another catalog
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts.size(), 6u);
}

TEST_F(Turnstile, ARefusedFileIsNotMovedToTheDoneOnes) {
  settings = {{"work_folder", folder.string()}, {"done", "move"}};
  put("a.csv", header + rows(0, 3));
  hub.refuses = {"a.csv"};
  EXPECT_EQ(run(), KEPU_RUN_BAD_DATA);
  EXPECT_TRUE(fs::exists(folder / "a.csv"));
}

TEST_F(Turnstile, AFileThatIsRefusedAsAWholeIsSaidInLogAndText) {
  put("a.csv", "nothing,of,this\n1,2,3\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.text, HasSubstr("1 refused as a whole"));
  EXPECT_THAT(log(), HasSubstr("a.csv is refused: "));
}

} // namespace
} // namespace venue_turnstile::tests
