// Runs the tests of all *_test.cc that are linked in. npm run check compiles
// them with every source but binding.cc and fuzz_*.cc, under
// -fsanitize=address,undefined, and runs the result.

#include <exception>

#include "testing.h"

int main() {
  using pyrometer::testing::Fail;
  using pyrometer::testing::Failures;
  using pyrometer::testing::Test;
  using pyrometer::testing::Tests;
  for (const Test& test : Tests()) {
    try {
      test.run();
    } catch (const std::exception& error) {
      Fail(test.name.c_str(), 0, std::string("threw ") + error.what());
    }
  }
  std::cout << Tests().size() << " tests, " << Failures() << " failures\n";
  return Failures() == 0 ? 0 : 1;
}
