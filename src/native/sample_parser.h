#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "label_table.h"
#include "pprof.h"
#include "pprof_tables.h"
#include "wire.h"
#include "work_watch.h"

namespace pyrometer {

// Samples as they are handed on from reading to adding up: as many at once as
// the caches hold.
struct SampleBlock {
  struct Head {
    // So many callers are those of the sample before, from the root on.
    uint32_t shared_callers;
    // So many locations follow in `frames`.
    uint32_t frame_count;
    uint32_t label_set;
  };
  static constexpr size_t kMostSamples = 1024;
  static constexpr size_t kMostFrames = 32768;

  bool full() const {
    return heads.size() >= kMostSamples || frames.size() >= kMostFrames;
  }

  std::vector<Head> heads;
  // Of every sample, leaf first.
  std::vector<uint32_t> frames;
  // Of every sample, one a type.
  std::vector<double> values;
};

// Reads the samples of a file, in their order. Touches nothing of the columns
// but the counts of repairs and the labels, so that another thread may add
// samples to the others meanwhile.
class SampleParser {
 public:
  SampleParser(std::span<const uint8_t> file, const PprofLayout& layout,
               TableReader& tables, ProfileColumns& columns)
      : file_(file),
        layout_(layout),
        tables_(tables),
        repairs_(columns.repairs),
        label_columns_(columns.labels) {}

  // Hands on blocks until all are read or `take` answers false.
  template <typename Take>
  void Parse(const WorkWatch& watch, Take take) {
    SampleBlock block;
    size_t parsed = 0;
    for (const Extent& extent : layout_.samples) {
      ParseSample(Reader(file_, extent.start, extent.end), block);
      ++parsed;
      if (!block.full()) continue;
      watch.Report(parsed, layout_.samples.size());
      if (!take(std::exchange(block, {}))) return;
    }
    if (!block.heads.empty()) take(std::move(block));
    label_columns_ = labels_.Finish();
  }

 private:
  struct Shared {
    size_t bytes = 0;
    uint32_t callers = 0;
  };

  void ParseSample(Reader message, SampleBlock& block);
  Shared SharedCallers(std::span<const uint8_t> ids) const;
  uint32_t LabelSet();

  std::span<const uint8_t> file_;
  const PprofLayout& layout_;
  TableReader& tables_;
  std::array<double, kRepairCount>& repairs_;
  LabelColumns& label_columns_;
  LabelTable labels_;
  // Of the sample that was read before: its packed ids, where all were found.
  std::span<const uint8_t> last_ids_;
  // Of the sample that is being read.
  std::vector<Reader> label_messages_;
  std::vector<NewLabel> read_labels_;
};

}  // namespace pyrometer
