// A small catalog for tests: one district, three subdistricts, three communities, four venues, and an indicator
// of each measure over one dataset.
#pragma once

#include "model/catalog.hpp"

#include <memory>

namespace kepu::test {

inline std::shared_ptr<const model::Catalog> sample_catalog() {
  auto catalog = std::make_shared<model::Catalog>();
  catalog->units = {{"person_times", {"人次", "person-times"}, "person_times"},
                    {"persons", {"人", "persons"}, "persons"},
                    {"yuan", {"元", "yuan"}, "money"}};
  model::Dataset passages;
  passages.contract.id = "passages";
  passages.contract.fields = {
      {"event_id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
      {"venue", KEPU_TEXT, 0, KEPU_ROLE_ENTITY, "", "venues", true},
      {"gate", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
      {"ts", KEPU_TIMESTAMP, 0, KEPU_ROLE_TIME, "", "", true},
      {"card", KEPU_TEXT, 0, KEPU_ROLE_PERSON, "account:card", "", false},
      {"paid", KEPU_DECIMAL, 2, KEPU_ROLE_MEASURE, "", "", false},
  };
  passages.name = {"闸机通行", "Passages"};
  catalog->datasets = {passages};
  catalog->areas = model::Areas({{"510104", "", {"锦江区", "Jinjiang"}, {}},
                                 {"510104017", "510104", {"锦官驿街道", "Jinguanyi"}, {"锦官驿"}},
                                 {"510104020", "510104", {"春熙路街道", "Chunxilu"}, {}},
                                 {"510104021", "510104", {"书院街街道", "Shuyuanjie"}, {}},
                                 {"510104017001", "510104017", {"水井坊社区", "Shuijingfang"}, {}},
                                 {"510104017002", "510104017", {"大慈寺社区", "Dacisi"}, {}},
                                 {"510104020001", "510104020", {"总府社区", "Zongfu"}, {}}});
  catalog->registers.emplace(
      "venues", model::Register("venues", {"场馆", "Venues"},
                                {{"V01", {"锦江区科技馆", "Science hall"}, {"科技馆"}, "510104017001", "hall", {}, {}},
                                 {"V02", {"水井坊科普馆", "Well house"}, {}, "510104017002", "hall", {}, {}},
                                 {"V03", {"春熙,\"科普\"角", "Corner"}, {}, "510104020", "corner", {}, {}},
                                 {"V04", {"流动科普车", "Bus"}, {}, "510104", "bus", {}, {}}}));
  const std::vector<std::string> by{"venue", "area", "gate"};
  catalog->indicators = {
      {"venue.visits",
       {"科普场馆到馆人次", "Visits to science venues"},
       {"进馆一次计一人次", "One entry, one visit"},
       "person_times",
       "passages",
       {},
       model::Measure::count,
       "",
       by},
      {"venue.visitors",
       {"科普场馆到馆人数", "Visitors of science venues"},
       {},
       "persons",
       "passages",
       {},
       model::Measure::distinct,
       "card",
       by},
      {"venue.income", {"收入", "Income"}, {}, "yuan", "passages", {}, model::Measure::sum, "paid", by},
      {"plain.count",
       {"无维度", "Without dimensions"},
       {},
       "person_times",
       "passages",
       {},
       model::Measure::count,
       "",
       {}},
  };
  return catalog;
}

} // namespace kepu::test
