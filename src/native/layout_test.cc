#include "layout.h"

#include "testing.h"

namespace pyrometer {
namespace {

using Column = std::vector<uint32_t>;
using Values = std::vector<double>;

PYROMETER_TEST(LaysOutItsExample) {
  // root(10): b(4), a(6) with c(2)
  const Column functions{0, 2, 1, 3};
  const Column subtree_end{4, 2, 4, 4};
  const Values total{10, 4, 6, 2};
  const Values self{0, 4, 4, 2};
  const LayoutInput tree{functions, subtree_end, total, self};
  EXPECT_TRUE(IsSoundTree(tree));
  const FlameColumns flame = Layout(tree);
  EXPECT_EQ(flame.order, (Column{0, 2, 1, 3}));
  EXPECT_EQ(flame.x0, (Values{0, 0, 6, 0}));
  EXPECT_EQ(flame.x1, (Values{10, 6, 10, 2}));
  EXPECT_EQ(flame.parent, (Column{0, 0, 0, 1}));
  EXPECT_EQ(flame.level_start, (Column{0, 1, 3, 4}));
}

PYROMETER_TEST(LaysOutPartsOfItsExample) {
  const Column functions{0, 2, 1, 3};
  const Column subtree_end{4, 2, 4, 4};
  const Values total{10, 4, 6, 2};
  const Values self{0, 4, 4, 2};
  const LayoutInput tree{functions, subtree_end, total, self};
  EXPECT_EQ(Layout(tree, {.narrowest = 3}).order, (Column{0, 2, 1}));
  EXPECT_EQ(Layout(tree, {.from = 1, .to = 5}).order, (Column{0, 2, 3}));
  EXPECT_EQ(Layout(tree, {.from = 6, .to = 10}).order, (Column{0, 1}));
  EXPECT_EQ(Layout(tree, {.from = 6, .to = 10}).level_start, (Column{0, 1, 2}));
  EXPECT_EQ(Layout(tree, {.most = 2}).order, (Column{0, 2}));
}

PYROMETER_TEST(RefusesTreesThatAreNone) {
  const Values values{1, 1, 1};
  const auto sound = [&](const Column& functions, const Column& subtree_end) {
    return IsSoundTree({functions, subtree_end, values, values});
  };
  EXPECT_TRUE(sound({0, 1, 2}, {3, 2, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {3, 4, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {3, 1, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {2, 3, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {1, 2, 3}));
  EXPECT_TRUE(!sound({0, 1}, {3, 2, 3}));
  EXPECT_TRUE(!IsSoundTree({}));
}

}  // namespace
}  // namespace pyrometer
