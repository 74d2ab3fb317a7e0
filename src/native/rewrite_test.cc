#include "rewrite.h"

#include "tables.h"
#include "testing.h"

namespace pyrometer {
namespace {

using Column = std::vector<uint32_t>;
using Marks = std::vector<uint8_t>;
using Values = std::vector<double>;

// a;b;c, a;c and d;b with functions a=1 b=2 c=3 d=4.
struct Example {
  Column function_index{0, 1, 2, 3, 3, 4, 2};
  Column parent{0, 0, 1, 2, 1, 0, 5};
  Column subtree_end{7, 5, 4, 4, 5, 7, 7};
  Column depth{0, 1, 2, 3, 2, 1, 2};
  Marks marks{0, 0, 1, 0, 0, 0, 1};  // b
  Values weight{0, 0, 0, 3, 2, 0, 1};
  Column of_frame{0, 1, 2, 3, 4};

  RewriteInput Input(RewriteKind kind) const {
    return {.nodes = {function_index, parent, subtree_end, depth},
            .kind = kind,
            .marks = marks,
            .of_frame = of_frame,
            .weight = weight,
            .narrowest = 0,
            .frame = 5};
  }
};

Rewritten Done(RewriteKind kind) {
  const Example example;
  const RewriteInput input = example.Input(kind);
  EXPECT_TRUE(IsSoundRewrite(input));
  return Rewrite(input, WorkWatch());
}

PYROMETER_TEST(HidesFrames) {
  const Rewritten out = Done(RewriteKind::kHide);
  EXPECT_EQ(out.nodes.function_index, (Column{0, 1, 3, 4}));
  EXPECT_EQ(out.map, (Column{0, 1, 1, 2, 2, 3, 3}));
}

PYROMETER_TEST(KeepsAndDropsStacks) {
  const Rewritten kept = Done(RewriteKind::kKeep);
  EXPECT_EQ(kept.nodes.function_index, (Column{0, 1, 2, 3, 4, 2}));
  EXPECT_EQ(kept.map, (Column{kNone, kNone, 2, 3, kNone, kNone, 5}));
  const Rewritten dropped = Done(RewriteKind::kDrop);
  EXPECT_EQ(dropped.nodes.function_index, (Column{0, 1, 3, 4}));
  EXPECT_EQ(dropped.nodes.subtree_end, (Column{4, 3, 3, 4}));
}

PYROMETER_TEST(FocusesOnFrames) {
  const Rewritten out = Done(RewriteKind::kFocus);
  EXPECT_EQ(out.nodes.function_index, (Column{0, 2, 3}));
  EXPECT_EQ(out.map, (Column{kNone, kNone, 1, 2, kNone, kNone, 1}));
}

PYROMETER_TEST(InvertsStacks) {
  const Rewritten out = Done(RewriteKind::kInvert);
  EXPECT_EQ(out.nodes.function_index, (Column{0, 3, 2, 1, 1, 2, 4}));
  EXPECT_EQ(out.map, (Column{kNone, kNone, kNone, 3, 4, kNone, 6}));
}

PYROMETER_TEST(EndsWhenCancelled) {
  const Example example;
  int32_t control[WorkWatch::kControlWords] = {1, 0};
  bool cancelled = false;
  try {
    Rewrite(example.Input(RewriteKind::kKeep), WorkWatch(control));
  } catch (const Cancelled&) {
    cancelled = true;
  }
  EXPECT_TRUE(cancelled);
}

PYROMETER_TEST(RefusesRewritesThatAreNone) {
  Example example;
  EXPECT_TRUE(IsSoundRewrite(example.Input(RewriteKind::kGroup)));
  example.function_index[6] = 5;
  EXPECT_TRUE(IsSoundRewrite(example.Input(RewriteKind::kHide)));
  EXPECT_TRUE(!IsSoundRewrite(example.Input(RewriteKind::kGroup)));
  EXPECT_TRUE(!IsSoundRewrite(example.Input(RewriteKind::kInvert)));
  example.function_index[6] = 2;
  example.of_frame[4] = 9;
  EXPECT_TRUE(!IsSoundRewrite(example.Input(RewriteKind::kWholeRecursion)));
  example.parent[3] = 3;
  EXPECT_TRUE(!IsSoundRewrite(example.Input(RewriteKind::kHide)));
  example.parent[3] = 2;
  example.marks.pop_back();
  EXPECT_TRUE(!IsSoundRewrite(example.Input(RewriteKind::kHide)));
}

}  // namespace
}  // namespace pyrometer
