// A text in the two languages of the hub.
#pragma once

#include <string>

namespace kepu::model {

struct Label {
  std::string zh;
  std::string en;
  bool operator==(const Label&) const = default;
};

} // namespace kepu::model
