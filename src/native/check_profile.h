#pragma once

// What must hold of every file that can be read; shared by the tests and the
// fuzz target.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <span>

#include "layout.h"
#include "pprof.h"

namespace pyrometer::testing {

inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "broken: " << what << "\n";
  std::abort();
}

inline void RequireSound(const ProfileColumns& profile) {
  const CallNodes& nodes = profile.nodes;
  const size_t functions = profile.function_name.size();
  const size_t count = nodes.parent.size();
  for (size_t node = 1; node < count; ++node) {
    const uint32_t parent = nodes.parent[node];
    Require(parent < node, "parents stand before their children");
    Require(nodes.subtree_end[node] <= nodes.subtree_end[parent],
            "subtrees lie inside their parents'");
    Require(nodes.depth[node] == nodes.depth[parent] + 1, "depth");
    Require(nodes.function_index[node] < functions, "functions of nodes");
  }
  for (size_t stack = 1; stack < profile.stack_prefix.size(); ++stack) {
    Require(profile.stack_prefix[stack] < stack, "prefixes stand before");
    Require(profile.stack_location[stack] < profile.location_mapping.size(),
            "locations of stacks");
    Require(nodes.node_of_stack[stack] < count, "nodes of stacks");
  }
  const LabelColumns& labels = profile.labels;
  const size_t sets = labels.set_prefix.size();
  Require(sets > 0 && labels.set_label.size() == sets, "label sets");
  for (size_t set = 1; set < sets; ++set) {
    const uint32_t prefix = labels.set_prefix[set];
    Require(prefix < set, "prefixes of label sets stand before");
    Require(labels.set_label[set] < labels.key.size(), "labels of sets");
    Require(labels.set_label[prefix] < labels.set_label[set],
            "labels of a set rise");
  }
  for (size_t row = 0; row < profile.labelled_sample.size(); ++row) {
    Require(profile.labelled_sample[row] < profile.sample_stack.size() &&
                profile.labelled_set[row] > 0 &&
                profile.labelled_set[row] < sets,
            "rows of labelled samples");
  }
  for (size_t type = 0; type < profile.labelled_values.size(); ++type) {
    std::vector<double> left = profile.sample_values[type];
    for (size_t row = 0; row < profile.labelled_sample.size(); ++row) {
      left[profile.labelled_sample[row]] -= profile.labelled_values[type][row];
    }
    for (size_t sample = 0; sample < left.size(); ++sample) {
      // Sums above 2^53 are rounded.
      Require(left[sample] >= -1e-9 * profile.sample_values[type][sample],
              "rows hold no more than their samples");
    }
  }
  for (const auto& values : profile.sample_values) {
    Require(values.size() == profile.sample_stack.size(), "values of samples");
    std::vector<double> self(count);
    for (size_t sample = 0; sample < values.size(); ++sample) {
      Require(values[sample] >= 0, "values are not negative");
      self[nodes.node_of_stack[profile.sample_stack[sample]]] += values[sample];
    }
    std::vector<double> total = self;
    for (size_t node = count - 1; node > 0; --node) {
      total[nodes.parent[node]] += total[node];
    }
    const LayoutInput tree{nodes.function_index, nodes.subtree_end, total,
                           self};
    Require(IsSoundTree(tree), "the tree can be laid out");
    const FlameColumns flame = Layout(tree);
    for (size_t node = 1; node < flame.order.size(); ++node) {
      const uint32_t parent = flame.parent[node];
      Require(flame.x0[node] >= flame.x0[parent] &&
                  flame.x1[node] <= flame.x1[parent],
              "children fit into their parents");
    }
  }
}

inline bool IsReadableAndSound(std::span<const uint8_t> file) {
  try {
    RequireSound(DecodePprof(file, {100'000, 256}));
    return true;
  } catch (const ReadError& error) {
    Require(error.offset <= file.size(), "offsets lie in the file");
    return false;
  }
}

}  // namespace pyrometer::testing
