#include "layout.h"

#include <algorithm>
#include <cstddef>

namespace pyrometer {

bool IsSoundTree(const LayoutInput& tree) {
  const size_t count = tree.total.size();
  if (count == 0 || count >= 0xffffffff || tree.self.size() != count ||
      tree.function_index.size() != count || tree.subtree_end.size() != count) {
    return false;
  }
  for (size_t node = 0; node < count; ++node) {
    if (tree.subtree_end[node] <= node || tree.subtree_end[node] > count) {
      return false;
    }
  }
  // Every node must be the child of exactly one: otherwise siblings that reach
  // past their parent's end would be placed once for each ancestor.
  std::vector<uint32_t> open;
  for (uint32_t node = 0; node < count; ++node) {
    while (!open.empty() && open.back() <= node) open.pop_back();
    if (!open.empty() && tree.subtree_end[node] > open.back()) return false;
    if (open.empty() && node != 0) return false;
    open.push_back(tree.subtree_end[node]);
  }
  return true;
}

// How many nodes before its turn a node is fetched from memory.
constexpr uint32_t kAhead = 16;

FlameColumns Layout(const LayoutInput& tree, const LayoutPart& part,
                    const WorkWatch& watch) {
  const size_t capacity =
      std::min(tree.total.size(), std::max<size_t>(1, part.most));
  FlameColumns out;
  out.order.reserve(capacity);
  out.x0.reserve(capacity);
  out.x1.reserve(capacity);
  out.depth.reserve(capacity);
  out.parent.reserve(capacity);
  out.self.reserve(capacity);
  out.function_index.reserve(capacity);
  out.order.push_back(0);
  out.x0.push_back(0);
  out.x1.push_back(tree.total[0]);
  out.depth.push_back(0);
  out.parent.push_back(0);
  out.level_start.push_back(0);
  std::vector<uint32_t> siblings;
  for (uint32_t node = 0; node < out.order.size(); ++node) {
    watch.Step(node, capacity);
    // Neighbours of a level lie far from each other in the tree: what will be
    // read is asked for in time.
    if (node + kAhead < out.order.size()) {
      const uint32_t ahead = out.order[node + kAhead];
      __builtin_prefetch(&tree.subtree_end[ahead]);
      __builtin_prefetch(tree.total.data() + ahead + 1);
      __builtin_prefetch(&tree.self[ahead]);
      __builtin_prefetch(&tree.function_index[ahead]);
    }
    const uint32_t source = out.order[node];
    out.self.push_back(tree.self[source]);
    out.function_index.push_back(tree.function_index[source]);
    if (out.order.size() == capacity) continue;
    const uint32_t end = tree.subtree_end[source];
    siblings.clear();
    for (uint32_t child = source + 1; child < end;
         child = tree.subtree_end[child]) {
      const double width = tree.total[child];
      if (width > 0 && width >= part.narrowest) siblings.push_back(child);
    }
    if (siblings.empty()) continue;
    if (siblings.size() > 1) {
      std::ranges::sort(siblings, [&](uint32_t one, uint32_t other) {
        const double width = tree.total[one];
        const double other_width = tree.total[other];
        return width != other_width ? width > other_width : one < other;
      });
    }
    const uint32_t depth = out.depth[node] + 1;
    double x = out.x0[node];
    for (const uint32_t child : siblings) {
      const double start = x;
      // Sums of fractions may overshoot the parent by a rounding error.
      x = std::min(x + tree.total[child], out.x1[node]);
      if (out.order.size() == capacity || start >= part.to) break;
      if (x <= part.from) continue;
      if (out.level_start.size() == depth) {
        out.level_start.push_back(static_cast<uint32_t>(out.order.size()));
      }
      out.order.push_back(child);
      out.parent.push_back(node);
      out.depth.push_back(depth);
      out.x0.push_back(start);
      out.x1.push_back(x);
    }
  }
  out.level_start.push_back(static_cast<uint32_t>(out.order.size()));
  return out;
}

}  // namespace pyrometer
