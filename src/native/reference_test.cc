#include "reference.h"

#include <cmath>
#include <vector>

#include "testing.h"

namespace pyrometer {
namespace {

using Column = std::vector<uint32_t>;
using Values = std::vector<double>;

PYROMETER_TEST(ReferenceIsItsExample) {
  const Values before{0, 10, 10, 10};
  const Values after{0, 20, 20, 60};
  const Column parent{0, 0, 0, 0};
  const ReferenceInput input{before, after, parent, 1, 1};
  EXPECT_TRUE(IsSoundReference(input));
  const auto found = RobustReference(input);
  EXPECT_TRUE(found.has_value());
  EXPECT_TRUE(std::abs(found->factor - 2) < 1e-9);
}

PYROMETER_TEST(ReferenceIsNotThereWhereNothingIsOnBothSides) {
  const Values before{0, 50, 0};
  const Values after{0, 0, 50};
  const Column parent{0, 0, 0};
  EXPECT_TRUE(!RobustReference({before, after, parent, 1, 1}).has_value());
}

PYROMETER_TEST(ReferenceEndsOnNumbersAsLargeAsThereAre) {
  const Values before{0, 1e-300, 1e300, 40};
  const Values after{0, 1e300, 1e-300, 40};
  const Column parent{0, 0, 0, 0};
  RobustReference({before, after, parent, 1, 1});
  RobustReference({before, after, parent, 1e-300, 1e300});
  // More than a number holds.
  RobustReference({before, after, parent, 1e-300, 1e-300});
}

PYROMETER_TEST(RefusesReferencesThatAreNone) {
  const Values values{0, 1};
  const Values longer{0, 1, 2};
  const Column parent{0, 0};
  const Column wild{0, 1};
  EXPECT_TRUE(IsSoundReference({values, values, parent, 1, 1}));
  EXPECT_TRUE(!IsSoundReference({values, longer, parent, 1, 1}));
  EXPECT_TRUE(!IsSoundReference({values, values, wild, 1, 1}));
  EXPECT_TRUE(!IsSoundReference({values, values, parent, 0, 1}));
  EXPECT_TRUE(!IsSoundReference({}));
}

}  // namespace
}  // namespace pyrometer
