// The texts behind codes of fields. Implemented by the store. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kepu::measure {

// The texts behind a field's codes; grows while facts come in.
class Codes {
public:
  virtual ~Codes() = default;
  // `field` is the field's number in the dataset; code > 0.
  virtual std::string_view text(size_t field, uint32_t code) const = 0;
};

// The same, for those who make facts.
class CodeBook : public Codes {
public:
  // The text's code, given now when it is new; 0: this field has more different texts than are kept.
  virtual uint32_t code(size_t field, std::string_view text) = 0;
};

} // namespace kepu::measure
