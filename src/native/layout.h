#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "work_watch.h"

namespace pyrometer {

// A laid-out call tree in level order; the contract is that of FlameGraph in
// core/flame/flame-graph.ts. `order` is the index in the call tree.
struct FlameColumns {
  std::vector<uint32_t> order;
  std::vector<double> x0;
  std::vector<double> x1;
  std::vector<double> self;
  std::vector<uint32_t> depth;
  std::vector<uint32_t> parent;
  std::vector<uint32_t> function_index;
  std::vector<uint32_t> level_start;
};

// Call nodes in depth-first order with their values. All columns are equally
// long and hold at least the root.
struct LayoutInput {
  std::span<const uint32_t> function_index;
  std::span<const uint32_t> subtree_end;
  std::span<const double> total;
  std::span<const double> self;
};

// Whether the columns are equally long and every subtree ends behind its node
// and inside the tree, so that Layout terminates and stays inside them.
bool IsSoundTree(const LayoutInput& tree);

// Which nodes of a layout are wanted; see LayoutPart of
// core/flame/layout.ts.
struct LayoutPart {
  double narrowest = 0;
  double from = 0;
  double to = std::numeric_limits<double>::infinity();
  size_t most = 0xffffffff;
};

// Places nodes in level order, siblings widest first, equally wide ones in
// their order. Nodes without width are left out with their subtrees. Throws
// Cancelled.
FlameColumns Layout(const LayoutInput& tree, const LayoutPart& part = {},
                    const WorkWatch& watch = {});

// What of a layout is known already; see FlameRows of core/flame/rows.ts.
struct FlameRows {
  std::span<const uint32_t> node;
  // One entry more than there are rows.
  std::span<const uint32_t> child_start;
  std::span<const uint32_t> parent;
  std::span<const uint32_t> depth;
  std::span<const uint32_t> function_index;
};

// Values by node of the tree that the rows are of.
struct RowValues {
  std::span<const double> total;
  std::span<const double> self;
};

// Whether columns are equally long, every row but the first is a child of
// exactly one row before it, and every node is inside the values.
bool AreSoundRows(const FlameRows& rows, const RowValues& values);

// What Layout answers for the whole of the tree. Where no row moved and none is
// left out, only x0, x1 and self are filled: the rest is that of the rows.
// Throws Cancelled.
FlameColumns LayoutRows(const FlameRows& rows, const RowValues& values,
                        const WorkWatch& watch = {});

}  // namespace pyrometer
