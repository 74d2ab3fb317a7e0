#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pyrometer {

// Own values and totals of call nodes; the reference is sumUp of
// core/profile/sum-up.ts.
struct NodeValues {
  std::vector<double> self;
  std::vector<double> total;
};

// Values and where each belongs: value i to node to[i], or, where `via` is not
// empty, to node via[to[i]]; kNone is nowhere.
struct ValueInput {
  std::span<const double> values;
  std::span<const uint32_t> to;
  std::span<const uint32_t> via;
  std::span<const uint32_t> parent;
};

// Whether every value has a place inside, and parents stand before children.
bool IsSoundValues(const ValueInput& input);

// Adds values to their nodes, and nodes to their callers.
NodeValues SumUp(const ValueInput& input);

}  // namespace pyrometer
