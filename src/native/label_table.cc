#include "label_table.h"

#include <algorithm>
#include <utility>

namespace pyrometer {
namespace {

// The number of a key, the next one if it was not there.
template <typename Table, typename... Key>
uint32_t NumberOf(Table& table, uint32_t& count, Key... key) {
  const uint32_t known = table.Find(key...);
  if (known != kNone) return known;
  table.Insert(key..., count);
  return count++;
}

}  // namespace

LabelTable::LabelTable() : sets_(1) {
  IndexOf({0, 0, 0, 0});
  columns_.set_prefix.push_back(0);
  columns_.set_label.push_back(0);
}

uint32_t LabelTable::IndexOf(NewLabel label) {
  if (label.text != 0) {
    label.number = 0;
    label.unit = 0;
  }
  const uint32_t name = NumberOf(names_, name_count_, label.key, label.text);
  const uint32_t number = NumberOf(numbers_, number_count_,
                                   static_cast<uint64_t>(label.number));
  const uint32_t amount =
      NumberOf(amounts_, amount_count_, number, label.unit);
  const uint32_t known = labels_.Find(name, amount);
  if (known != kNone) return known;
  const auto index = static_cast<uint32_t>(columns_.key.size());
  labels_.Insert(name, amount, index);
  columns_.key.push_back(label.key);
  columns_.text.push_back(label.text);
  columns_.number.push_back(label.number);
  columns_.unit.push_back(label.unit);
  return index;
}

uint32_t LabelTable::SetOf(std::span<const NewLabel> labels) {
  sorted_.clear();
  for (const NewLabel& label : labels) sorted_.push_back(IndexOf(label));
  std::ranges::sort(sorted_);
  uint32_t set = 0;
  uint32_t before = 0;  // label 0 is none
  for (const uint32_t label : sorted_) {
    if (label == before) continue;
    before = label;
    const uint32_t known = sets_.Find(set, label);
    if (known != kNone) {
      set = known;
      continue;
    }
    columns_.set_prefix.push_back(set);
    columns_.set_label.push_back(label);
    set = sets_.Add(set, label);
  }
  return set;
}

LabelColumns LabelTable::Finish() { return std::move(columns_); }

}  // namespace pyrometer
