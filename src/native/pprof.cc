#include "pprof.h"

#include <cstddef>
#include <utility>

#include "block_queue.h"
#include "pprof_tables.h"
#include "sample_parser.h"
#include "stack_merger.h"

namespace pyrometer {
namespace {

void AddNodes(CallNodesBuilder& nodes, const StackBlock& stacks) {
  if (!nodes.Add(stacks.prefix, stacks.location)) throw TooManyCallPaths{};
}

// On one thread: what few samples do not repay is starting others.
void ReadSamples(SampleParser& samples, StackMerger& stacks,
                 CallNodesBuilder& nodes, const WorkWatch& watch) {
  AddNodes(nodes, stacks.TakeNewStacks());
  samples.Parse(watch, [&](const SampleBlock& block) {
    stacks.Add(block);
    AddNodes(nodes, stacks.TakeNewStacks());
    return true;
  });
}

// Three steps side by side: reading samples, making stacks of them, and making
// call nodes of those. Each sees the same order as on one thread, so the
// columns are the same.
void ReadSamplesOnThreads(SampleParser& samples, StackMerger& stacks,
                          CallNodesBuilder& nodes, const WorkWatch& watch) {
  BlockQueue<SampleBlock> sample_blocks;
  BlockQueue<StackBlock> stack_blocks;
  const auto abandon = [&] {
    sample_blocks.Abandon();
    stack_blocks.Abandon();
  };
  Worker reader(
      [&] {
        samples.Parse(watch, [&](SampleBlock block) {
          return sample_blocks.Push(std::move(block));
        });
        sample_blocks.Finish();
      },
      abandon);
  Worker merger(
      [&] {
        while (const auto block = stack_blocks.Pop()) AddNodes(nodes, *block);
      },
      abandon);
  try {
    stack_blocks.Push(stacks.TakeNewStacks());
    while (const auto block = sample_blocks.Pop()) {
      stacks.Add(*block);
      if (!stack_blocks.Push(stacks.TakeNewStacks())) break;
    }
  } catch (...) {
    // The workers end before what they work on does.
    abandon();
    throw;
  }
  stack_blocks.Finish();
  reader.Join();
  merger.Join();
}

ProfileColumns Decode(std::span<const uint8_t> file, const PprofLayout& layout,
                      const Limits& limits, const WorkWatch& watch) {
  const size_t type_count = layout.sample_types.size();
  if (type_count == 0) throw ReadError{Problem::kNoSampleTypes, file.size()};
  if (type_count > limits.sample_types) {
    throw ReadError{Problem::kTooManySampleTypes, file.size()};
  }
  ProfileColumns columns;
  TableReader tables(file, layout, columns);
  tables.Read();
  SampleParser samples(file, layout, tables, columns);
  StackMerger stacks(layout, limits, columns);
  CallNodesBuilder nodes(columns.location_line_start, columns.line_function,
                         columns.stack_prefix.capacity(), limits.call_paths);
  const auto read = layout.samples.size() < limits.few_samples
                        ? ReadSamples
                        : ReadSamplesOnThreads;
  read(samples, stacks, nodes, watch.Part(150, 850));
  watch.Look();
  columns.nodes = nodes.Finish(watch);
  return columns;
}

}  // namespace

ProfileColumns DecodePprof(std::span<const uint8_t> file, const Limits& limits,
                           const WorkWatch& watch) {
  const PprofLayout layout = ReadLayout(file, watch.Part(0, 150));
  try {
    return Decode(file, layout, limits, watch);
  } catch (const TooManyCallPaths&) {
    throw ReadError{Problem::kTooManyCallPaths, file.size()};
  }
}

}  // namespace pyrometer
