#include "layout.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

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

bool AreSoundRows(const FlameRows& rows, const RowValues& values) {
  const size_t count = rows.node.size();
  if (count == 0 || count >= 0xffffffff ||
      rows.child_start.size() != count + 1 || rows.parent.size() != count ||
      rows.depth.size() != count || rows.function_index.size() != count ||
      values.total.size() != count || values.self.size() != count) {
    return false;
  }
  // The ranges of children tile all rows but the first, and each lies behind
  // its caller.
  if (rows.child_start[0] != 1 || rows.child_start[count] != count) {
    return false;
  }
  for (size_t row = 0; row < count; ++row) {
    if (rows.node[row] >= count || rows.child_start[row] <= row ||
        rows.child_start[row] > rows.child_start[row + 1]) {
      return false;
    }
  }
  return true;
}

namespace {

// Where the rows from `first` on that have width end, if those lie widest first
// and the ones without behind them; nothing (`end` + 1) if not.
uint32_t WideEnd(const FlameRows& rows, std::span<const double> total,
                 uint32_t first, uint32_t end) {
  uint32_t node = rows.node[first];
  double width = total[node];
  uint32_t wide = width > 0 ? end : first;
  for (uint32_t row = first + 1; row < end; ++row) {
    const uint32_t next = rows.node[row];
    const double next_width = total[next];
    if (!(next_width > 0)) {
      wide = std::min(wide, row);
    } else if (wide < end || next_width > width ||
               (next_width == width && next < node)) {
      return end + 1;
    }
    node = next;
    width = next_width;
  }
  return wide;
}

}  // namespace

FlameColumns LayoutRows(const FlameRows& rows, const RowValues& values,
                        const WorkWatch& watch) {
  const std::span<const double> total = values.total;
  const size_t capacity = rows.node.size();
  FlameColumns out;
  out.x0.resize(capacity);
  out.x1.resize(capacity);
  out.self.resize(capacity);
  out.x0[0] = 0;
  out.x1[0] = total[0];
  // By node of the layout, its row; empty as long as each is the row of its own
  // number.
  std::vector<uint32_t> row_of;
  bool moved = false;
  std::vector<uint32_t> siblings;
  uint32_t count = 1;
  for (uint32_t at = 0; at < count; ++at) {
    watch.Step(at, capacity);
    // Values lie in the order of the tree, and rows that moved where they were:
    // what will be read is asked for in time, first where it stands.
    if (!moved) {
      if (count + kAhead < capacity) {
        __builtin_prefetch(&total[rows.node[count + kAhead]]);
        __builtin_prefetch(&values.self[rows.node[count + kAhead]]);
      }
    } else if (at + 3 * kAhead < count) {
      __builtin_prefetch(&rows.child_start[row_of[at + 3 * kAhead]]);
      const uint32_t child = rows.child_start[row_of[at + 2 * kAhead]];
      if (child < capacity) __builtin_prefetch(&rows.node[child]);
      const uint32_t next = rows.child_start[row_of[at + kAhead]];
      if (next < capacity) {
        __builtin_prefetch(&total[rows.node[next]]);
        __builtin_prefetch(&values.self[rows.node[next]]);
      }
    }
    const uint32_t row = moved ? row_of[at] : at;
    out.self[at] = values.self[rows.node[row]];
    const uint32_t first = rows.child_start[row];
    const uint32_t end = rows.child_start[row + 1];
    if (first == end) continue;
    const uint32_t wide = WideEnd(rows, total, first, end);
    if (!moved && wide != end) {
      moved = true;
      row_of.resize(capacity);
      std::iota(row_of.begin(), row_of.begin() + count, 0u);
      const auto begun = [&](std::span<const uint32_t> column) {
        std::vector<uint32_t> copy(capacity);
        std::ranges::copy(column.first(count), copy.begin());
        return copy;
      };
      out.order = begun(rows.node);
      out.parent = begun(rows.parent);
      out.depth = begun(rows.depth);
      out.function_index = begun(rows.function_index);
      for (uint32_t each = 0; each < count; ++each) {
        if (out.level_start.size() == out.depth[each]) {
          out.level_start.push_back(each);
        }
      }
    }
    siblings.clear();
    if (wide > end) {
      for (uint32_t child = first; child < end; ++child) {
        if (total[rows.node[child]] > 0) siblings.push_back(child);
      }
      std::ranges::sort(siblings, [&](uint32_t one, uint32_t other) {
        const uint32_t node = rows.node[one];
        const uint32_t other_node = rows.node[other];
        return total[node] != total[other_node] ? total[node] > total[other_node]
                                                : node < other_node;
      });
    }
    const uint32_t sibling_count =
        wide > end ? static_cast<uint32_t>(siblings.size()) : wide - first;
    if (sibling_count == 0) continue;
    if (moved && out.level_start.size() == out.depth[at] + 1) {
      out.level_start.push_back(count);
    }
    double x = out.x0[at];
    const double right = out.x1[at];
    for (uint32_t place = 0; place < sibling_count; ++place) {
      const uint32_t child = wide > end ? siblings[place] : first + place;
      const uint32_t node = rows.node[child];
      out.x0[count] = x;
      // As in Layout, in the same order, so that sums of fractions are the
      // same.
      x = std::min(x + total[node], right);
      out.x1[count] = x;
      if (moved) {
        row_of[count] = child;
        out.order[count] = node;
        out.parent[count] = at;
        out.depth[count] = out.depth[at] + 1;
        out.function_index[count] = rows.function_index[child];
      }
      ++count;
    }
  }
  out.x0.resize(count);
  out.x1.resize(count);
  out.self.resize(count);
  if (moved) {
    out.order.resize(count);
    out.parent.resize(count);
    out.depth.resize(count);
    out.function_index.resize(count);
    out.level_start.push_back(count);
  }
  return out;
}

}  // namespace pyrometer
