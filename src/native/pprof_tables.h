#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pprof.h"
#include "tables.h"
#include "wire.h"

namespace pyrometer {

// Reads all of a file that samples point to, into the columns, in the order of
// the reader in TypeScript, so that every index is the same. The file, its
// layout and the columns must outlive it.
class TableReader {
 public:
  TableReader(std::span<const uint8_t> file, const PprofLayout& layout,
              ProfileColumns& columns)
      : file_(file),
        layout_(layout),
        out_(columns),
        location_of_id_(layout.locations.size()) {}

  // Strings, types and facts; mappings, functions and locations, with the
  // function, mapping and location 0.
  void Read();

  // The string of an index of the file; what points outside its table is
  // counted and "".
  uint32_t StringAt(uint64_t index) {
    if (index < string_of_index_.size()) return string_of_index_[index];
    ++out_.repairs[kStringsRepaired];
    return 0;
  }

  // The locations by their ids.
  const IdTable& location_of_id() const { return location_of_id_; }

 private:
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

  void MakeRoot();
  void ReadStrings();
  void ReadTypes();
  void ReadLocations();
  uint32_t FunctionOf(FileFunction function, uint32_t library);
  uint32_t BracketedName(uint32_t library);
  uint32_t PushFunction(const FileFunction& function, uint32_t library);
  uint32_t PushMapping(uint64_t start, uint64_t limit, uint64_t offset,
                       uint32_t file, uint32_t build_id);
  void PushLine(uint32_t function_index, uint32_t line);

  std::span<const uint8_t> file_;
  const PprofLayout& layout_;
  ProfileColumns& out_;
  std::vector<uint32_t> string_of_index_;
  PairTable function_by_identity_;
  IdTable location_of_id_;
};

}  // namespace pyrometer
