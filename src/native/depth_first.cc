#include "depth_first.h"

#include <cstddef>

namespace pyrometer {

NodeColumns ToDepthFirst(const std::vector<uint32_t>& made_function,
                         const std::vector<uint32_t>& made_parent,
                         std::vector<uint32_t>& place,
                         const WorkWatch& watch) {
  const size_t count = made_function.size();
  std::vector<uint32_t> size(count, 1);
  for (size_t made = count - 1; made > 0; --made) {
    watch.LookAt(made);
    size[made_parent[made]] += size[made];
  }
  place.assign(count, 0);
  std::vector<uint32_t> next_child_place(count);
  next_child_place[0] = 1;
  NodeColumns nodes;
  nodes.function_index.resize(count);
  nodes.parent.resize(count);
  nodes.subtree_end.resize(count);
  nodes.depth.resize(count);
  nodes.subtree_end[0] = static_cast<uint32_t>(count);
  for (size_t made = 1; made < count; ++made) {
    watch.LookAt(made);
    const uint32_t caller = made_parent[made];
    const uint32_t here = next_child_place[caller];
    place[made] = here;
    next_child_place[caller] = here + size[made];
    next_child_place[made] = here + 1;
    nodes.function_index[here] = made_function[made];
    nodes.parent[here] = place[caller];
    nodes.subtree_end[here] = here + size[made];
    nodes.depth[here] = nodes.depth[place[caller]] + 1;
  }
  return nodes;
}

}  // namespace pyrometer
