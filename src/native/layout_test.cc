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

PYROMETER_TEST(LaysOutRowsOfItsExample) {
  const Column node{0, 2, 1, 3};
  const Column child_start{1, 3, 4, 4, 4};
  const Column parent{0, 0, 0, 1};
  const Column depth{0, 1, 1, 2};
  const Column functions{0, 1, 2, 3};
  const FlameRows rows{node, child_start, parent, depth, functions};
  const Values total{20, 4, 16, 2};
  const Values self{0, 4, 14, 2};
  EXPECT_TRUE(AreSoundRows(rows, {total, self}));
  const FlameColumns same = LayoutRows(rows, {total, self});
  EXPECT_TRUE(same.order.empty());
  EXPECT_EQ(same.x0, (Values{0, 0, 16, 0}));
  EXPECT_EQ(same.x1, (Values{20, 16, 20, 2}));
  EXPECT_EQ(same.self, (Values{0, 14, 4, 2}));
  // b is wider, and c is gone.
  const Values other_total{10, 6, 4, 0};
  const Values other_self{0, 6, 4, 0};
  const FlameColumns moved = LayoutRows(rows, {other_total, other_self});
  EXPECT_EQ(moved.order, (Column{0, 1, 2}));
  EXPECT_EQ(moved.function_index, (Column{0, 2, 1}));
  EXPECT_EQ(moved.parent, (Column{0, 0, 0}));
  EXPECT_EQ(moved.level_start, (Column{0, 1, 3}));
  EXPECT_EQ(moved.x1, (Values{10, 6, 10}));
}

PYROMETER_TEST(RefusesRowsThatAreNone) {
  const Column three{0, 0, 0};
  const Values values{1, 1, 1};
  const auto sound = [&](const Column& node, const Column& child_start) {
    return AreSoundRows({node, child_start, three, three, three},
                        {values, values});
  };
  EXPECT_TRUE(sound({0, 1, 2}, {1, 2, 3, 3}));
  EXPECT_TRUE(!sound({0, 1, 3}, {1, 2, 3, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {1, 1, 3, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {1, 4, 3, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {1, 2, 3}));
  EXPECT_TRUE(!sound({0, 1, 2}, {1, 2, 3, 4}));
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
