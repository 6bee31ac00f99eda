// SPDX-License-Identifier: Apache-2.0
//
// What input methods put in place of ASCII. Pure.
#pragma once

#include <string>
#include <string_view>

namespace kepu::toolkit {

// Full-width forms (０-９, Ａ-Ｚ, ：／．，－ …, the ideographic space) become
// ASCII; everything else stays. `changed` is set when something was replaced.
std::string fold_width(std::string_view text, bool& changed);

// Without spaces, tabs and ideographic spaces at either end.
std::string_view trim(std::string_view text);

// ASCII letters in lower case; other characters stay.
std::string lower_ascii(std::string_view text);

} // namespace kepu::toolkit
