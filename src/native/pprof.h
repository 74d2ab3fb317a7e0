#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "call_tree.h"
#include "label_table.h"
#include "string_table.h"
#include "wire.h"
#include "work_watch.h"

namespace pyrometer {

// What was repaired in a sound file, in counts, by the index of its name in
// `repairNames` of core/formats/pprof/repairs.ts.
enum Repair : size_t {
  kStringsRepaired,
  kFirstStringRepaired,
  kIdsRepaired,
  kMappingsRepaired,
  kFunctionsRepaired,
  kLocationsRepaired,
  kValuesRepaired,
  kNegativesRepaired,
  kLabelsRepaired,
  kRepairCount,
};

// A decoded profile; the contract of the columns is that of Profile in
// core/profile/profile.ts, and types, comments and names are string indices.
struct ProfileColumns {
  std::vector<uint32_t> sample_types;  // type, unit by turns
  uint32_t default_value_index = 0;
  double time_ns = 0;
  double duration_ns = 0;
  double period = 0;
  std::vector<uint32_t> period_type;  // type, unit, or empty
  std::vector<uint32_t> comments;
  double file_sample_count = 0;
  std::array<double, kRepairCount> repairs{};
  StringTable strings;
  std::vector<uint32_t> function_name;
  std::vector<uint32_t> function_system_name;
  std::vector<uint32_t> function_file;
  std::vector<uint32_t> function_library;
  std::vector<uint32_t> function_start_line;
  std::vector<uint64_t> mapping_start;
  std::vector<uint64_t> mapping_limit;
  std::vector<uint64_t> mapping_offset;
  std::vector<uint32_t> mapping_file;
  std::vector<uint32_t> mapping_build_id;
  std::vector<uint32_t> location_mapping;
  std::vector<uint64_t> location_address;
  std::vector<uint32_t> location_line_start;
  std::vector<uint32_t> line_function;
  std::vector<uint32_t> line_number;
  std::vector<uint32_t> stack_prefix;
  std::vector<uint32_t> stack_location;
  std::vector<uint32_t> sample_stack;
  std::vector<std::vector<double>> sample_values;
  LabelColumns labels;
  std::vector<uint32_t> labelled_sample;
  std::vector<uint32_t> labelled_set;
  std::vector<std::vector<double>> labelled_values;
  CallNodes nodes;
};

struct Limits {
  // Stacks, and call nodes, that a profile may have.
  size_t call_paths;
  size_t sample_types;
  // Fewer samples are read on one thread, which is as fast; the columns are
  // the same.
  size_t few_samples = 8192;
};

// Thrown by the parts of the reader where the limit of call paths is met.
struct TooManyCallPaths {};

// Decodes an uncompressed pprof file. Throws ReadError, or std::bad_alloc.
// Memory is bounded by the file's size and by `limits`: each entry of a column
// stands for bytes of the file, but call nodes, of which a short location with
// many lines can make many. Throws Cancelled when the watch says so.
ProfileColumns DecodePprof(std::span<const uint8_t> file, const Limits& limits,
                           const WorkWatch& watch = {});

}  // namespace pyrometer
