#include "pprof.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "block_queue.h"
#include "tables.h"

namespace pyrometer {
namespace {

// What is handed from thread to thread at once: as much as the caches hold.
constexpr size_t kBlockSamples = 1024;
constexpr size_t kBlockFrames = 32768;

double NotNegative(uint64_t value) {
  return std::max(0.0, static_cast<double>(static_cast<int64_t>(value)));
}

// A line number, 0 when it is none.
uint32_t LineOf(uint64_t value) {
  const auto line = static_cast<int64_t>(value);
  return line > 0 && line <= int64_t{0xffffffff} ? static_cast<uint32_t>(line)
                                                 : 0;
}

struct FileMapping {
  uint32_t index;
  uint32_t file;
};

struct FileFunction {
  uint32_t name;
  uint32_t system_name;
  uint32_t file;
  uint32_t start_line;
};

struct FileLine {
  uint64_t function_id;
  uint64_t line;
};

// Builds the columns of one file, in the order of its reader in TypeScript, so
// that every index is the same.
class Decoder {
 public:
  Decoder(std::span<const uint8_t> file, const PprofLayout& layout,
          const Limits& limits)
      : file_(file),
        layout_(layout),
        limits_(limits),
        location_of_id_(layout.locations.size()),
        stacks_(std::min(layout.samples.size(), limits.call_paths)) {}

  ProfileColumns Decode() {
    const size_t type_count = layout_.sample_types.size();
    if (type_count == 0) {
      throw ReadError{Problem::kNoSampleTypes, file_.size()};
    }
    if (type_count > limits_.sample_types) {
      throw ReadError{Problem::kTooManySampleTypes, file_.size()};
    }
    MakeRoot(type_count);
    ReadStrings();
    ReadTypes();
    ReadLocations();
    CallNodesBuilder nodes(out_.location_line_start, out_.line_function,
                           out_.stack_prefix.capacity(), limits_.call_paths);
    if (layout_.samples.size() < limits_.few_samples) {
      ReadSamples(nodes);
    } else {
      ReadSamplesOnThreads(nodes);
    }
    out_.nodes = nodes.Finish();
    return std::move(out_);
  }

 private:
  template <typename Each>
  void EachMessage(const std::vector<Extent>& extents, Each each) {
    for (const Extent& extent : extents) {
      each(Reader(file_, extent.start, extent.end));
    }
  }

  // Calls number(field, value) for each varint of a message, inner(field,
  // reader) for each field with a length.
  template <typename Number, typename Inner>
  static void EachField(Reader reader, Number number, Inner inner) {
    while (!reader.done()) {
      const uint8_t tag = reader.Byte();
      if ((tag & 7) == 0) {
        number(tag >> 3, reader.Varint());
      } else {
        inner(tag >> 3, reader.Take(reader.Varint()));
      }
    }
  }

  // The varint fields of a message that has no others that matter.
  template <size_t kCount>
  static std::array<uint64_t, kCount> NumbersOf(Reader reader) {
    std::array<uint64_t, kCount> numbers{};
    EachField(
        reader,
        [&](size_t field, uint64_t value) {
          if (field < kCount) numbers[field] = value;
        },
        [](size_t, Reader) {});
    return numbers;
  }

  // Function, mapping, location and stack 0.
  void MakeRoot(size_t type_count) {
    PushFunction({0, 0, 0, 0}, 0);
    PushMapping(0, 0, 0, 0, 0);
    out_.location_mapping.push_back(0);
    out_.location_address.push_back(0);
    out_.location_line_start.push_back(0);
    out_.line_function.push_back(0);
    out_.line_number.push_back(0);
    PushStack(0, 0);
    out_.sample_values.resize(type_count);
    // A sample stands for a stack of its own more often than not.
    const size_t expected =
        std::min(layout_.samples.size(), limits_.call_paths) + 1;
    out_.stack_prefix.reserve(expected);
    out_.stack_location.reserve(expected);
    sample_of_stack_.reserve(expected);
    out_.sample_stack.reserve(expected);
    for (auto& column : out_.sample_values) column.reserve(expected);
  }

  void ReadStrings() {
    EachMessage(layout_.strings, [&](Reader text) {
      if (!string_of_index_.empty()) {
        string_of_index_.push_back(out_.strings.Intern(text.Bytes()));
        return;
      }
      if (!text.done()) out_.repairs[kFirstStringRepaired] = 1;
      string_of_index_.push_back(0);
    });
    // Index 0 means "not given" and is sound even in a file without strings.
    if (string_of_index_.empty()) string_of_index_.push_back(0);
  }

  uint32_t StringAt(uint64_t index) {
    if (index < string_of_index_.size()) return string_of_index_[index];
    ++out_.repairs[kStringsRepaired];
    return 0;
  }

  void ReadTypes() {
    EachMessage(layout_.sample_types, [&](Reader message) {
      const auto type = NumbersOf<3>(message);
      out_.sample_types.push_back(StringAt(type[1]));
      out_.sample_types.push_back(StringAt(type[2]));
    });
    EachMessage(layout_.period_types, [&](Reader message) {
      const auto type = NumbersOf<3>(message);
      const uint32_t name = StringAt(type[1]);
      out_.period_type = {name, StringAt(type[2])};
    });
    for (const uint64_t comment : layout_.comments) {
      out_.comments.push_back(StringAt(comment));
    }
    const uint32_t wanted = StringAt(layout_.default_sample_type);
    const size_t count = layout_.sample_types.size();
    // Where the file names no default, pprof's tools show the last type.
    out_.default_value_index = static_cast<uint32_t>(count - 1);
    for (size_t type = 0; wanted != 0 && type < count; ++type) {
      if (out_.sample_types[2 * type] != wanted) continue;
      out_.default_value_index = static_cast<uint32_t>(type);
      break;
    }
    out_.time_ns = NotNegative(layout_.time_nanos);
    out_.duration_ns = NotNegative(layout_.duration_nanos);
    out_.period = NotNegative(layout_.period);
  }

  void ReadLocations() {
    IdTable mapping_of_id(layout_.mappings.size());
    std::vector<FileMapping> mappings;
    EachMessage(layout_.mappings, [&](Reader message) {
      const auto read = NumbersOf<7>(message);
      if (!mapping_of_id.Insert(read[1],
                                static_cast<uint32_t>(mappings.size()))) {
        ++out_.repairs[kIdsRepaired];
        return;
      }
      const uint32_t file = StringAt(read[5]);
      mappings.push_back(
          {PushMapping(read[2], read[3], read[4], file, StringAt(read[6])),
           file});
    });
    IdTable function_of_id(layout_.functions.size());
    std::vector<FileFunction> functions;
    EachMessage(layout_.functions, [&](Reader message) {
      const auto read = NumbersOf<6>(message);
      if (!function_of_id.Insert(read[1],
                                 static_cast<uint32_t>(functions.size()))) {
        ++out_.repairs[kIdsRepaired];
        return;
      }
      const uint32_t name = StringAt(read[2]);
      const uint32_t system_name = StringAt(read[3]);
      const uint32_t file = StringAt(read[4]);
      functions.push_back({name, system_name, file, LineOf(read[5])});
    });
    std::vector<FileLine> lines;
    EachMessage(layout_.locations, [&](Reader message) {
      uint64_t id = 0;
      uint64_t mapping_id = 0;
      uint64_t address = 0;
      lines.clear();
      EachField(
          message,
          [&](size_t field, uint64_t value) {
            if (field == 1) id = value;
            if (field == 2) mapping_id = value;
            if (field == 3) address = value;
          },
          [&](size_t field, Reader inner) {
            if (field != 4) return;
            const auto line = NumbersOf<3>(inner);
            lines.push_back({line[1], line[2]});
          });
      const auto index = static_cast<uint32_t>(out_.location_mapping.size());
      if (!location_of_id_.Insert(id, index)) {
        ++out_.repairs[kIdsRepaired];
        return;
      }
      const uint32_t known = mapping_of_id.Find(mapping_id);
      if (known == kNone && mapping_id != 0) ++out_.repairs[kMappingsRepaired];
      const FileMapping mapping =
          known == kNone ? FileMapping{0, 0} : mappings[known];
      out_.location_mapping.push_back(mapping.index);
      out_.location_address.push_back(address);
      out_.location_line_start.push_back(
          static_cast<uint32_t>(out_.line_function.size()));
      const size_t first_line = out_.line_function.size();
      // The file has the innermost inlined call first; columns the outermost.
      for (size_t at = lines.size(); at-- > 0;) {
        const uint32_t called = function_of_id.Find(lines[at].function_id);
        if (called == kNone) {
          ++out_.repairs[kFunctionsRepaired];
          continue;
        }
        PushLine(FunctionOf(functions[called], mapping.file),
                 LineOf(lines[at].line));
      }
      if (out_.line_function.size() == first_line) {
        PushLine(FunctionOf({0, 0, 0, 0}, mapping.file), 0);
      }
    });
    out_.location_line_start.push_back(
        static_cast<uint32_t>(out_.line_function.size()));
  }

  // The index of a function by its identity, a new one if it was not there.
  uint32_t FunctionOf(FileFunction function, uint32_t library) {
    if (function.name == 0) {
      function.name = function.system_name != 0 ? function.system_name
                                                : BracketedName(library);
    }
    const uint32_t place = function.file == 0 ? library : function.file;
    const uint32_t known = function_by_identity_.Find(function.name, place);
    if (known != kNone) return known;
    const uint32_t index = PushFunction(function, library);
    function_by_identity_.Insert(function.name, place, index);
    return index;
  }

  // "[libc.so.6]" of "/usr/lib/libc.so.6"; "[kernel]" stays as it is;
  // "[unknown]" of nothing.
  uint32_t BracketedName(uint32_t library) {
    std::span<const uint8_t> path = out_.strings.At(library);
    size_t start = path.size();
    while (start > 0 && path[start - 1] != '/') --start;
    const std::span<const uint8_t> base = path.subspan(start);
    std::vector<uint8_t> name(base.begin(), base.end());
    if (name.empty()) {
      constexpr std::string_view kUnknown = "[unknown]";
      name.assign(kUnknown.begin(), kUnknown.end());
    } else if (name.front() != '[' || name.back() != ']') {
      name.insert(name.begin(), '[');
      name.push_back(']');
    }
    return out_.strings.Intern(name);
  }

  // What reading samples hands on: for each sample how many of the callers
  // are those of the sample before and how many locations follow; the
  // locations, leaf first; a value for each type.
  struct SampleBlock {
    struct Head {
      uint32_t shared_callers;
      uint32_t frame_count;
    };
    std::vector<Head> heads;
    std::vector<uint32_t> frames;
    std::vector<double> values;
  };

  // Stacks that samples made, in their order.
  struct StackBlock {
    std::vector<uint32_t> prefix;
    std::vector<uint32_t> location;
  };

  // On one thread: what few samples do not repay is starting others.
  void ReadSamples(CallNodesBuilder& nodes) {
    AddNodes(nodes, TakeNewStacks());
    ParseSamples([&](SampleBlock block) {
      AddSamples(block);
      AddNodes(nodes, TakeNewStacks());
      return true;
    });
  }

  // Three steps side by side: reading samples, making stacks of them, and
  // making call nodes of those. Each sees the same order as on one thread, so
  // the columns are the same.
  void ReadSamplesOnThreads(CallNodesBuilder& nodes) {
    BlockQueue<SampleBlock> samples;
    BlockQueue<StackBlock> stacks;
    const auto abandon = [&] {
      samples.Abandon();
      stacks.Abandon();
    };
    Worker reader(
        [&] {
          ParseSamples([&](SampleBlock block) {
            return samples.Push(std::move(block));
          });
          samples.Finish();
        },
        abandon);
    Worker merger(
        [&] {
          while (const auto block = stacks.Pop()) AddNodes(nodes, *block);
        },
        abandon);
    try {
      stacks.Push(TakeNewStacks());
      while (const auto block = samples.Pop()) {
        AddSamples(*block);
        if (!stacks.Push(TakeNewStacks())) break;
      }
    } catch (...) {
      // The workers end before what they work on does.
      abandon();
      throw;
    }
    stacks.Finish();
    reader.Join();
    merger.Join();
  }

  void AddNodes(CallNodesBuilder& nodes, const StackBlock& stacks) const {
    if (!nodes.Add(stacks.prefix, stacks.location)) {
      throw ReadError{Problem::kTooManyCallPaths, file_.size()};
    }
  }

  // Copies of the stacks that were made since the last call.
  StackBlock TakeNewStacks() {
    const auto from = static_cast<ptrdiff_t>(taken_stacks_);
    taken_stacks_ = out_.stack_prefix.size();
    return {{out_.stack_prefix.begin() + from, out_.stack_prefix.end()},
            {out_.stack_location.begin() + from, out_.stack_location.end()}};
  }

  // Reads samples in their order and hands them on in blocks, until `take`
  // answers false. Touches nothing that AddSamples does.
  template <typename Take>
  void ParseSamples(Take take) {
    const size_t type_count = layout_.sample_types.size();
    SampleBlock block;
    for (const Extent& extent : layout_.samples) {
      ParseSample(Reader(file_, extent.start, extent.end), type_count, block);
      if (block.heads.size() < kBlockSamples &&
          block.frames.size() < kBlockFrames) {
        continue;
      }
      if (!take(std::exchange(block, {}))) return;
    }
    if (!block.heads.empty()) take(std::move(block));
  }

  void ParseSample(Reader message, size_t type_count, SampleBlock& block) {
    const size_t first_frame = block.frames.size();
    const size_t first_value = block.values.size();
    bool labelled = false;
    double dangling = 0;
    double negative = 0;
    std::span<const uint8_t> ids;
    size_t id_fields = 0;
    const auto add_frame = [&](uint64_t id) {
      const uint32_t location = location_of_id_.Find(id);
      if (location == kNone) {
        ++dangling;
      } else {
        block.frames.push_back(location);
      }
    };
    const auto add_ids = [&](std::span<const uint8_t> packed) {
      for (Reader each(packed); !each.done();) add_frame(each.Varint());
    };
    const auto add_value = [&](uint64_t value) {
      if (static_cast<int64_t>(value) < 0) ++negative;
      block.values.push_back(NotNegative(value));
    };
    EachField(
        message,
        [&](size_t field, uint64_t value) {
          if (field == 1) {
            // Ids in several fields are put together one by one.
            if (id_fields++ == 1) add_ids(ids);
            ids = {};
            add_frame(value);
            id_fields = 2;
          }
          if (field == 2) add_value(value);
        },
        [&](size_t field, Reader inner) {
          if (field == 1) {
            if (id_fields == 0) {
              ids = inner.Bytes();
            } else {
              if (id_fields == 1) add_ids(ids);
              ids = {};
              add_ids(inner.Bytes());
            }
            id_fields = std::min<size_t>(id_fields + 1, 2);
          } else if (field == 2) {
            while (!inner.done()) add_value(inner.Varint());
          } else if (field == 3) {
            labelled = true;
          }
        });
    if (block.values.size() - first_value != type_count) {
      ++out_.repairs[kValuesRepaired];
      block.frames.resize(first_frame);
      block.values.resize(first_value);
      return;
    }
    const Shared shared = id_fields == 1 ? SharedCallers(ids) : Shared{};
    add_ids(ids.first(ids.size() - shared.bytes));
    block.heads.push_back(
        {shared.callers,
         static_cast<uint32_t>(block.frames.size() - first_frame)});
    // What dangles has no stack of its own, so nothing can be counted off.
    last_ids_ = id_fields == 1 && dangling == 0 ? ids
                                                : std::span<const uint8_t>();
    out_.repairs[kLocationsRepaired] += dangling;
    out_.repairs[kNegativesRepaired] += negative;
    if (labelled) ++out_.repairs[kLabelsRepaired];
  }

  // Each stack from its root.
  void AddSamples(const SampleBlock& block) {
    const size_t type_count = layout_.sample_types.size();
    const uint32_t* frame = block.frames.data();
    const double* values = block.values.data();
    for (const auto& [shared_callers, frame_count] : block.heads) {
      last_stacks_.resize(shared_callers);
      uint32_t stack = last_stacks_.empty() ? 0 : last_stacks_.back();
      for (size_t at = frame_count; at-- > 0;) {
        stack = StackOf(stack, frame[at]);
        last_stacks_.push_back(stack);
      }
      AddSample(stack, {values, type_count});
      frame += frame_count;
      values += type_count;
    }
  }

  struct Shared {
    size_t bytes = 0;
    uint32_t callers = 0;
  };

  // Samples that follow each other share most of their callers, which stand
  // last: those bytes are compared and not read again. Answers how many of
  // `ids` belong to callers that the sample before had too.
  Shared SharedCallers(std::span<const uint8_t> ids) const {
    const size_t most = std::min(ids.size(), last_ids_.size());
    const uint8_t* end = ids.data() + ids.size();
    const uint8_t* last_end = last_ids_.data() + last_ids_.size();
    size_t shared = 0;
    while (shared + 8 <= most &&
           std::memcmp(end - shared - 8, last_end - shared - 8, 8) == 0) {
      shared += 8;
    }
    while (shared < most && end[-1 - static_cast<ptrdiff_t>(shared)] ==
                                last_end[-1 - static_cast<ptrdiff_t>(shared)]) {
      ++shared;
    }
    // An id may have begun before in one of the two: it is not shared.
    const auto begins_before = [&](std::span<const uint8_t> bytes) {
      return shared < bytes.size() &&
             bytes[bytes.size() - shared - 1] >= 0x80;
    };
    if (begins_before(ids) || begins_before(last_ids_)) {
      while (shared > 0 && ids[ids.size() - shared] >= 0x80) --shared;
      if (shared > 0) --shared;
    }
    uint32_t callers = 0;
    for (const uint8_t byte : ids.last(shared)) callers += byte < 0x80 ? 1 : 0;
    return {shared, callers};
  }

  uint32_t StackOf(uint32_t prefix, uint32_t location) {
    const uint32_t known = stacks_.Find(prefix, location);
    if (known != kNone) return known;
    if (out_.stack_prefix.size() >= limits_.call_paths) {
      throw ReadError{Problem::kTooManyCallPaths, file_.size()};
    }
    PushStack(prefix, location);
    return stacks_.Add(prefix, location);
  }

  void AddSample(uint32_t stack, std::span<const double> values) {
    ++out_.file_sample_count;
    uint32_t sample = sample_of_stack_[stack];
    if (sample == kNone) {
      sample = static_cast<uint32_t>(out_.sample_stack.size());
      sample_of_stack_[stack] = sample;
      out_.sample_stack.push_back(stack);
      for (auto& column : out_.sample_values) column.push_back(0);
    }
    for (size_t type = 0; type < values.size(); ++type) {
      out_.sample_values[type][sample] += values[type];
    }
  }

  uint32_t PushFunction(const FileFunction& function, uint32_t library) {
    out_.function_name.push_back(function.name);
    out_.function_system_name.push_back(
        function.system_name == function.name ? 0 : function.system_name);
    out_.function_file.push_back(function.file);
    out_.function_library.push_back(library);
    out_.function_start_line.push_back(function.start_line);
    return static_cast<uint32_t>(out_.function_name.size() - 1);
  }

  uint32_t PushMapping(uint64_t start, uint64_t limit, uint64_t offset,
                       uint32_t file, uint32_t build_id) {
    out_.mapping_start.push_back(start);
    out_.mapping_limit.push_back(limit);
    out_.mapping_offset.push_back(offset);
    out_.mapping_file.push_back(file);
    out_.mapping_build_id.push_back(build_id);
    return static_cast<uint32_t>(out_.mapping_file.size() - 1);
  }

  void PushLine(uint32_t function_index, uint32_t line) {
    out_.line_function.push_back(function_index);
    out_.line_number.push_back(line);
  }

  void PushStack(uint32_t prefix, uint32_t location) {
    out_.stack_prefix.push_back(prefix);
    out_.stack_location.push_back(location);
    sample_of_stack_.push_back(kNone);
  }

  std::span<const uint8_t> file_;
  const PprofLayout& layout_;
  const Limits& limits_;
  ProfileColumns out_;
  std::vector<uint32_t> string_of_index_;
  PairTable function_by_identity_;
  IdTable location_of_id_;
  ChildLists stacks_;
  // Of the sample that was read before: its packed ids, where all were found.
  std::span<const uint8_t> last_ids_;
  // Of the sample that was added before: its stacks, root first.
  std::vector<uint32_t> last_stacks_;
  size_t taken_stacks_ = 0;
  std::vector<uint32_t> sample_of_stack_;
};

}  // namespace

ProfileColumns DecodePprof(std::span<const uint8_t> file,
                           const Limits& limits) {
  const PprofLayout layout = ReadLayout(file);
  return Decoder(file, layout, limits).Decode();
}

}  // namespace pyrometer
