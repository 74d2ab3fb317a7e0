#include "align.h"

#include "testing.h"

namespace pyrometer {
namespace {

using Column = std::vector<uint32_t>;
using Values = std::vector<double>;

// Functions: 0 the root, 1 a, 2 b, 3 c, 4 d, 5 e.
const Column kSame{0, 1, 2, 3, 4, 5};

PYROMETER_TEST(AlignsItsExample) {
  // comparison a(b, c), baseline a(c, d), e: merged a(b, c, d), e.
  const Column comparison_functions{0, 1, 2, 3};
  const Column comparison_end{4, 4, 3, 4};
  const Values comparison_self{0, 1, 2, 3};
  const Column baseline_functions{0, 1, 3, 4, 5};
  const Column baseline_end{5, 4, 3, 4, 5};
  const Values baseline_self{0, 10, 30, 40, 50};
  const AlignSide comparison{comparison_functions, comparison_end,
                             comparison_self, kSame};
  const AlignSide baseline{baseline_functions, baseline_end, baseline_self,
                           kSame};
  EXPECT_TRUE(IsSoundSide(comparison, 6));
  EXPECT_TRUE(IsSoundSide(baseline, 6));
  const AlignedColumns merged = Align(comparison, baseline, 6);
  EXPECT_EQ(merged.function_index, (Column{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(merged.parent, (Column{0, 0, 1, 1, 1, 0}));
  EXPECT_EQ(merged.subtree_end, (Column{6, 5, 3, 4, 5, 6}));
  EXPECT_EQ(merged.depth, (Column{0, 1, 2, 2, 2, 1}));
  EXPECT_EQ(merged.comparison_self, (Values{0, 1, 2, 3, 0, 0}));
  EXPECT_EQ(merged.baseline_self, (Values{0, 10, 0, 30, 40, 50}));
}

PYROMETER_TEST(MakesSiblingsOneThatAreOneFunction) {
  // a(c), b(d) where a and b are one.
  const Column functions{0, 1, 3, 2, 4};
  const Column end{5, 3, 3, 5, 5};
  const Values self{0, 1, 2, 4, 8};
  const Column to_merged{0, 1, 1, 2, 3};
  const Column root{0};
  const Column root_end{1};
  const Values nothing{0};
  const AlignedColumns merged = Align({functions, end, self, to_merged},
                                      {root, root_end, nothing, to_merged}, 4);
  EXPECT_EQ(merged.comparison_self, (Values{0, 5, 8, 2}));
  EXPECT_EQ(merged.parent, (Column{0, 0, 1, 1}));
}

PYROMETER_TEST(RefusesSidesThatAreNone) {
  const Column functions{0, 1};
  const Column end{2, 2};
  const Values self{0, 1};
  const Column to_merged{0, 1};
  EXPECT_TRUE(IsSoundSide({functions, end, self, to_merged}, 2));
  EXPECT_TRUE(!IsSoundSide({functions, end, self, to_merged}, 1));
  EXPECT_TRUE(!IsSoundSide({functions, end, self, {}}, 2));
  const Column wild{2, 3};
  EXPECT_TRUE(!IsSoundSide({functions, wild, self, to_merged}, 2));
  EXPECT_TRUE(!IsSoundSide({}, 2));
}

}  // namespace
}  // namespace pyrometer
