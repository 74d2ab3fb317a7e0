#include "pprof_tables.h"

#include <string_view>

#include "pprof_messages.h"

namespace pyrometer {
namespace {

// A line number, 0 when it is none.
uint32_t LineOf(uint64_t value) {
  const auto line = static_cast<int64_t>(value);
  return line > 0 && line <= int64_t{0xffffffff} ? static_cast<uint32_t>(line)
                                                 : 0;
}

struct FileLine {
  uint64_t function_id;
  uint64_t line;
};

}  // namespace

void TableReader::Read() {
  MakeRoot();
  ReadStrings();
  ReadTypes();
  ReadLocations();
}

void TableReader::MakeRoot() {
  PushFunction({0, 0, 0, 0}, 0);
  PushMapping(0, 0, 0, 0, 0);
  out_.location_mapping.push_back(0);
  out_.location_address.push_back(0);
  out_.location_line_start.push_back(0);
  PushLine(0, 0);
}

void TableReader::ReadStrings() {
  EachMessage(file_, layout_.strings, [&](Reader text) {
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

void TableReader::ReadTypes() {
  EachMessage(file_, layout_.sample_types, [&](Reader message) {
    const auto type = NumbersOf<3>(message);
    out_.sample_types.push_back(StringAt(type[1]));
    out_.sample_types.push_back(StringAt(type[2]));
  });
  EachMessage(file_, layout_.period_types, [&](Reader message) {
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

void TableReader::ReadLocations() {
  IdTable mapping_of_id(layout_.mappings.size());
  std::vector<FileMapping> mappings;
  EachMessage(file_, layout_.mappings, [&](Reader message) {
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
  EachMessage(file_, layout_.functions, [&](Reader message) {
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
  EachMessage(file_, layout_.locations, [&](Reader message) {
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
uint32_t TableReader::FunctionOf(FileFunction function, uint32_t library) {
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
uint32_t TableReader::BracketedName(uint32_t library) {
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

uint32_t TableReader::PushFunction(const FileFunction& function, uint32_t library) {
  out_.function_name.push_back(function.name);
  out_.function_system_name.push_back(
      function.system_name == function.name ? 0 : function.system_name);
  out_.function_file.push_back(function.file);
  out_.function_library.push_back(library);
  out_.function_start_line.push_back(function.start_line);
  return static_cast<uint32_t>(out_.function_name.size() - 1);
}

uint32_t TableReader::PushMapping(uint64_t start, uint64_t limit, uint64_t offset,
                     uint32_t file, uint32_t build_id) {
  out_.mapping_start.push_back(start);
  out_.mapping_limit.push_back(limit);
  out_.mapping_offset.push_back(offset);
  out_.mapping_file.push_back(file);
  out_.mapping_build_id.push_back(build_id);
  return static_cast<uint32_t>(out_.mapping_file.size() - 1);
}

void TableReader::PushLine(uint32_t function_index, uint32_t line) {
  out_.line_function.push_back(function_index);
  out_.line_number.push_back(line);
}

}  // namespace pyrometer
