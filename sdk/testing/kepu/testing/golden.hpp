// SPDX-License-Identifier: Apache-2.0
//
// Golden files: what a test expects, as a file that people can read and review.
#pragma once

#include <string>
#include <vector>

namespace kepu::testing {

// Compares with the file, line by line. Returns "" when equal, else where and how they differ, and how
// to accept the new text. With KEPU_UPDATE_GOLDEN=1 in the environment the file is rewritten instead.
std::string compare_golden(const std::string& path, const std::vector<std::string>& lines);

// How two lists of lines differ, with a few lines around: "-" expected, "+" found. "" when equal.
std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& found);

} // namespace kepu::testing
