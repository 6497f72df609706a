// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <catch2/catch.hpp>
#include <vector>

TEST_CASE("report page: reports stand in it, nothing in them ends the script") {
  const std::vector<std::string> one{R"({"model": "a</script><b>", "cycles": 1})"};
  const std::string page = octant::report_page(one);
  CHECK(page.find(R"("cycles": 1)") != std::string::npos);
  CHECK(page.find("a\\u003c/script>\\u003cb>") != std::string::npos);
  CHECK(page.find("a</script>") == std::string::npos);
  CHECK(page.find("/*REPORTS*/") == std::string::npos);
  // Nothing from elsewhere: the file must open anywhere.
  for (const char* outside : {"src=", "href=", "@import", "url("}) {
    CHECK(page.find(outside) == std::string::npos);
  }
  const std::vector<std::string> two{"{\"model\": 1}", "{\"model\": 2}"};
  CHECK(octant::report_page(two).find("{\"model\": 1},\n{\"model\": 2}") != std::string::npos);
}
