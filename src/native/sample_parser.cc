#include "sample_parser.h"

#include <algorithm>
#include <cstring>

#include "pprof_messages.h"

namespace pyrometer {

void SampleParser::ParseSample(Reader message, SampleBlock& block) {
  const size_t first_frame = block.frames.size();
  const size_t first_value = block.values.size();
  label_messages_.clear();
  double dangling = 0;
  double negative = 0;
  std::span<const uint8_t> ids;
  size_t id_fields = 0;
  const auto add_frame = [&](uint64_t id) {
    const uint32_t location = tables_.location_of_id().Find(id);
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
          label_messages_.push_back(inner);
        }
      });
  if (block.values.size() - first_value != layout_.sample_types.size()) {
    ++repairs_[kValuesRepaired];
    block.frames.resize(first_frame);
    block.values.resize(first_value);
    return;
  }
  const Shared shared = id_fields == 1 ? SharedCallers(ids) : Shared{};
  add_ids(ids.first(ids.size() - shared.bytes));
  block.heads.push_back(
      {shared.callers,
       static_cast<uint32_t>(block.frames.size() - first_frame),
       LabelSet()});
  // What dangles has no stack of its own, so nothing can be counted off.
  last_ids_ = id_fields == 1 && dangling == 0 ? ids
                                              : std::span<const uint8_t>();
  repairs_[kLocationsRepaired] += dangling;
  repairs_[kNegativesRepaired] += negative;
}

// Samples that follow each other share most of their callers, which stand
// last: those bytes are compared and not read again. Answers how many of
// `ids` belong to callers that the sample before had too.
SampleParser::Shared SampleParser::SharedCallers(std::span<const uint8_t> ids) const {
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

// The set of the sample's labels. Those without a key are left out and counted.
uint32_t SampleParser::LabelSet() {
  if (label_messages_.empty()) return 0;
  read_labels_.clear();
  for (const Reader& message : label_messages_) {
    const auto label = NumbersOf<5>(message);
    const uint32_t key = tables_.StringAt(label[1]);
    const uint32_t text = tables_.StringAt(label[2]);
    const uint32_t unit = tables_.StringAt(label[4]);
    if (key == 0) {
      ++repairs_[kLabelsRepaired];
      continue;
    }
    read_labels_.push_back({key, text, static_cast<int64_t>(label[3]), unit});
  }
  return labels_.SetOf(read_labels_);
}

}  // namespace pyrometer
