#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyrometer {

// In place of an index: nothing is there.
inline constexpr uint32_t kNone = 0xffffffff;

// A good mix of all bits of a key into all bits (splitmix64's last steps), so
// that a table may take any of them.
inline uint64_t MixBits(uint64_t key) {
  key ^= key >> 30;
  key *= 0xbf58476d1ce4e5b9u;
  key ^= key >> 27;
  key *= 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

// From 64-bit keys to 32-bit values below kNone: open addressing in one column
// of slots, never more than half full.
class KeyTable {
 public:
  explicit KeyTable(size_t expected = 0) {
    size_t capacity = 64;
    while (capacity < expected * 2) capacity *= 2;
    slots_.resize(capacity);
  }

  // The value of a key, or kNone.
  uint32_t Find(uint64_t key) const { return slots_[SlotOf(key)].value; }

  // Adds a key that is not there yet.
  void Insert(uint64_t key, uint32_t value) {
    if (++count_ * 2 > slots_.size()) Grow();
    slots_[SlotOf(key)] = {key, value};
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t value = kNone;
  };

  size_t SlotOf(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = MixBits(key) & mask;
    while (slots_[slot].value != kNone && slots_[slot].key != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.value != kNone) slots_[SlotOf(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

// Keys that are pairs: the children of a tree by (parent, what the child is).
class PairTable {
 public:
  explicit PairTable(size_t expected = 0) : table_(expected) {}
  uint32_t Find(uint32_t first, uint32_t second) const {
    return table_.Find(Key(first, second));
  }
  void Insert(uint32_t first, uint32_t second, uint32_t value) {
    table_.Insert(Key(first, second), value);
  }

 private:
  static uint64_t Key(uint32_t first, uint32_t second) {
    return (static_cast<uint64_t>(first) << 32) | second;
  }

  KeyTable table_;
};

// The file's ids. Encoders number from 1 on, so most are found by index; any
// other id is legal and goes through the hash table.
class IdTable {
 public:
  explicit IdTable(size_t count) : direct_(2 * count + 64, kNone) {}

  uint32_t Find(uint64_t id) const {
    return id < direct_.size() ? direct_[id] : others_.Find(id);
  }

  // Adds an id; false when it is 0, which no entry may have, or taken.
  bool Insert(uint64_t id, uint32_t value) {
    if (id == 0 || Find(id) != kNone) return false;
    if (id < direct_.size()) {
      direct_[id] = value;
    } else {
      others_.Insert(id, value);
    }
    return true;
  }

 private:
  std::vector<uint32_t> direct_;
  KeyTable others_;
};

}  // namespace pyrometer
