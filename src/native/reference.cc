#include "reference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

namespace pyrometer {
namespace {

constexpr int kRounds = 20;
constexpr double kLeastTogether = 10;
constexpr double kLeastPooled = 40;
constexpr size_t kMostAlone = 65'536;
constexpr size_t kDoublings = 64;
constexpr size_t kHeaps = 2048;

// What is on both sides.
struct Pairs {
  std::vector<double> before;
  std::vector<double> after;
};

// Pairs by heaps of rising ratios, within a heap in the order in which they
// were. `start` has by heap its first pair, and the number of pairs.
struct HeapedPairs : Pairs {
  std::vector<double> ratio;
  std::vector<size_t> start;
};

// How many samples a stack must have to be a pair of its own.
double LeastForAll(const ReferenceInput& input) {
  std::array<size_t, kDoublings> by_doublings{};
  for (size_t node = 0; node < input.baseline.size(); ++node) {
    const double together = input.baseline[node] / input.worth_before +
                            input.comparison[node] / input.worth_after;
    // More than a number holds has no low bits.
    if (!(together >= kLeastTogether) || std::isinf(together)) continue;
    // As JavaScript takes a number's low 32 bits.
    const double times =
        std::fmod(std::trunc(together / kLeastTogether), 4294967296.0);
    const auto bits = static_cast<uint32_t>(times);
    const int doublings = 31 - std::countl_zero(bits);
    if (doublings >= 0) ++by_doublings[static_cast<size_t>(doublings)];
  }
  size_t alone = 0;
  for (size_t doublings = kDoublings; doublings-- > 0;) {
    alone += by_doublings[doublings];
    if (alone > kMostAlone) {
      return std::ldexp(kLeastTogether, static_cast<int>(doublings) + 1);
    }
  }
  return kLeastTogether;
}

Pairs PairsOf(const ReferenceInput& input) {
  const size_t nodes = input.baseline.size();
  const double least = LeastForAll(input);
  const double enough = std::max(least, kLeastPooled);
  Pairs pairs;
  pairs.before.reserve(nodes);
  pairs.after.reserve(nodes);
  const auto add = [&](double one, double other) {
    if (one + other < kLeastTogether || one <= 0 || other <= 0) return;
    pairs.before.push_back(one);
    pairs.after.push_back(other);
  };
  std::vector<double> few_before(nodes);
  std::vector<double> few_after(nodes);
  // Callees have larger numbers than their callers.
  for (size_t node = nodes; node-- > 0;) {
    const double one = input.baseline[node] / input.worth_before;
    const double other = input.comparison[node] / input.worth_after;
    const bool alone = one + other >= least;
    if (alone) add(one, other);
    const double few = few_before[node] + (alone ? 0 : one);
    const double few_other = few_after[node] + (alone ? 0 : other);
    const bool one_sided =
        few + few_other >= kLeastTogether && (few == 0 || few_other == 0);
    if (few + few_other >= enough || node == 0) {
      add(few, few_other);
    } else if (few + few_other > 0 && !one_sided) {
      const uint32_t caller = input.parent[node];
      few_before[caller] += few;
      few_after[caller] += few_other;
    }
  }
  return pairs;
}

double SumOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// Tells which heap a value belongs to, of those between the least and the most
// of some values.
class Heaps {
 public:
  explicit Heaps(std::span<const double> values) {
    const auto [least, most] = std::ranges::minmax(values);
    least_ = least;
    per_heap_ = kHeaps / (most - least);
  }

  size_t Of(double value) const {
    const double heap = std::floor((value - least_) * per_heap_);
    if (!(heap > 0)) return 0;
    return heap >= kHeaps - 1 ? kHeaps - 1 : static_cast<size_t>(heap);
  }

 private:
  double least_;
  double per_heap_;
};

// There must be a pair.
HeapedPairs InHeaps(const Pairs& pairs) {
  const size_t count = pairs.before.size();
  std::vector<double> ratio(count);
  for (size_t pair = 0; pair < count; ++pair) {
    ratio[pair] = pairs.after[pair] / pairs.before[pair];
  }
  const Heaps heaps(ratio);
  HeapedPairs out;
  out.start.resize(kHeaps + 1);
  std::vector<uint16_t> heap_of(count);
  for (size_t pair = 0; pair < count; ++pair) {
    heap_of[pair] = static_cast<uint16_t>(heaps.Of(ratio[pair]));
    ++out.start[heap_of[pair] + 1U];
  }
  std::partial_sum(out.start.begin(), out.start.end(), out.start.begin());
  std::vector<size_t> next = out.start;
  out.before.resize(count);
  out.after.resize(count);
  out.ratio.resize(count);
  for (size_t pair = 0; pair < count; ++pair) {
    const size_t to = next[heap_of[pair]]++;
    out.before[to] = pairs.before[pair];
    out.after[to] = pairs.after[pair];
    out.ratio[to] = ratio[pair];
  }
  return out;
}

// The first heap with which so much weight is reached; `below` becomes what
// lies below it.
size_t MiddleHeap(std::span<const double> weights, double& below,
                  double reach) {
  size_t heap = 0;
  while (heap < weights.size() - 1 && below + weights[heap] < reach) {
    below += weights[heap++];
  }
  return heap;
}

double WeightedMedian(const HeapedPairs& pairs,
                      const std::vector<double>& weights) {
  std::array<double, kHeaps> heap_weights{};
  const auto part = [&](std::span<const double> column, size_t heap) {
    return column.subspan(pairs.start[heap],
                          pairs.start[heap + 1] - pairs.start[heap]);
  };
  for (size_t heap = 0; heap < kHeaps; ++heap) {
    heap_weights[heap] = SumOf(part(weights, heap));
  }
  const double half = SumOf(heap_weights) / 2;
  const double border = 1e-12 * half;
  double below = 0;
  const size_t first = MiddleHeap(heap_weights, below, half - border);
  std::vector<double> values;
  std::vector<double> own;
  std::span<const double> left = part(pairs.ratio, first);
  std::span<const double> left_weights = part(weights, first);
  if (left.empty()) return 1;  // weights that are no numbers
  for (;;) {
    const auto [least, most] = std::ranges::minmax(left);
    if (!(least < most)) break;
    const Heaps heaps(left);
    heap_weights.fill(0);
    for (size_t at = 0; at < left.size(); ++at) {
      heap_weights[heaps.Of(left[at])] += left_weights[at];
    }
    const size_t middle = MiddleHeap(heap_weights, below, half - border);
    std::vector<double> kept;
    std::vector<double> kept_weights;
    for (size_t at = 0; at < left.size(); ++at) {
      if (heaps.Of(left[at]) != middle) continue;
      kept.push_back(left[at]);
      kept_weights.push_back(left_weights[at]);
    }
    // Too small a part of the whole, or of a range, to be told from rounding.
    if (kept.empty() || kept.size() == left.size()) return least;
    values = std::move(kept);
    own = std::move(kept_weights);
    left = values;
    left_weights = own;
  }
  const double ratio = left.front();
  if (below + SumOf(left_weights) > half + border) return ratio;
  double next = std::numeric_limits<double>::infinity();
  for (const double other : pairs.ratio) {
    if (other > ratio && other < next) next = other;
  }
  return std::isinf(next) ? ratio : std::sqrt(ratio * next);
}

}  // namespace

bool IsSoundReference(const ReferenceInput& input) {
  const size_t nodes = input.baseline.size();
  if (nodes == 0 || input.comparison.size() != nodes ||
      input.parent.size() != nodes || !(input.worth_before > 0) ||
      !(input.worth_after > 0)) {
    return false;
  }
  for (size_t node = 1; node < nodes; ++node) {
    if (input.parent[node] >= node) return false;
  }
  return true;
}

std::optional<Reference> RobustReference(const ReferenceInput& input) {
  const Pairs found = PairsOf(input);
  const size_t count = found.before.size();
  if (count == 0) return std::nullopt;
  const HeapedPairs pairs = InHeaps(found);
  const auto& [before, after] = static_cast<const Pairs&>(pairs);
  std::vector<double> weights(count);
  for (size_t pair = 0; pair < count; ++pair) {
    weights[pair] = std::sqrt(before[pair] * after[pair]);
  }
  double factor = WeightedMedian(pairs, weights);
  for (int round = 0; round < kRounds; ++round) {
    const double load = factor;
    for (size_t pair = 0; pair < count; ++pair) {
      const double loaded = before[pair] * load;
      weights[pair] = (loaded * after[pair]) / (loaded + after[pair]);
    }
    factor = WeightedMedian(pairs, weights);
    if (factor == load) break;
  }
  double told = 0;
  for (size_t pair = 0; pair < count; ++pair) {
    told += (before[pair] * after[pair]) / (before[pair] + after[pair]);
  }
  return Reference{factor, std::sqrt(std::numbers::pi / 2 / told)};
}

}  // namespace pyrometer
