#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "work_watch.h"

namespace pyrometer {

// Why a file cannot be read. The names (ProblemName) are those of PprofProblem
// in core/formats/pprof, whose reader is the reference for this one.
enum class Problem {
  kTruncated,
  kBadLength,
  kBadVarint,
  kBadField,
  kWrongFieldType,
  kNoSampleTypes,
  kTooManySampleTypes,
  kTooManyCallPaths,
};

const char* ProblemName(Problem problem);

// Thrown by everything that reads a file, caught where reading began. `offset`
// is a byte of the file.
struct ReadError {
  Problem problem;
  size_t offset;
};

// A position in the bytes of a file that never leaves [at, end). It never
// copies; the file must outlive it.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> file)
      : file_(file), at_(0), end_(file.size()) {}
  // A part [start, end) of the file, which must lie inside it.
  Reader(std::span<const uint8_t> file, size_t start, size_t end)
      : file_(file), at_(start), end_(end) {}

  bool done() const { return at_ == end_; }
  size_t at() const { return at_; }
  size_t end() const { return end_; }

  // A varint of at most ten bytes; bits past the 64th are dropped.
  uint64_t Varint() {
    // One byte is by far the most frequent.
    if (at_ != end_ && file_[at_] < 0x80) return file_[at_++];
    return LongVarint();
  }

  // The one byte of a nested message's tag.
  uint8_t Byte() { return file_[at_++]; }

  // Steps over bytes that must be there and answers a reader of them.
  Reader Take(uint64_t length) {
    if (length > end_ - at_) throw ReadError{Shortage(), at_};
    const size_t start = at_;
    at_ += static_cast<size_t>(length);
    return Reader(file_, start, at_);
  }

  std::span<const uint8_t> Bytes() const {
    return file_.subspan(at_, end_ - at_);
  }

 private:
  uint64_t LongVarint();
  // What it means to run out of bytes here: at the end of the file it was cut
  // off, in a message a length lies.
  Problem Shortage() const {
    return end_ == file_.size() ? Problem::kTruncated : Problem::kBadLength;
  }

  std::span<const uint8_t> file_;
  size_t at_;
  size_t end_;
};

// Where a message of the file lies.
struct Extent {
  size_t start;
  size_t end;
};

// The top level of a profile: where its messages and strings lie, and its
// scalars. The last of a repeated scalar wins.
struct PprofLayout {
  std::vector<Extent> sample_types;
  std::vector<Extent> samples;
  std::vector<Extent> mappings;
  std::vector<Extent> locations;
  std::vector<Extent> functions;
  std::vector<Extent> strings;
  std::vector<Extent> period_types;
  std::vector<uint64_t> comments;  // string indices
  uint64_t time_nanos = 0;
  uint64_t duration_nanos = 0;
  uint64_t period = 0;
  uint64_t default_sample_type = 0;  // string index
};

// Finds and checks all messages of a profile, nested ones too: what reads them
// afterwards meets no error. Throws ReadError at the first byte that is wrong.
// Allocates 16 bytes a message, of which each takes at least two of the file.
// Throws Cancelled, too.
PprofLayout ReadLayout(std::span<const uint8_t> file, const WorkWatch& watch);

}  // namespace pyrometer
