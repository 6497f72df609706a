// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <stdexcept>
#include <string_view>

#include "page_html.hpp"

namespace octant {
namespace {

/// Inside a script element "</" and "<!--" would end it early; JSON may escape the bracket.
std::string embedded(std::string_view json) {
  std::string text;
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string report_page(std::span<const std::string> reports) {
  std::string page(kPageHtml);
  constexpr std::string_view kMark = "/*REPORTS*/";
  const std::size_t at = page.find(kMark);
  if (at == std::string::npos) throw std::logic_error("page.html has no place for reports");
  std::string list;
  for (const std::string& r : reports) list += (list.empty() ? "" : ",\n") + embedded(r);
  return page.replace(at, kMark.size(), list);
}

}  // namespace octant
