#include "core/experiment/md5_lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace sluice::core {

static_assert(std::endian::native == std::endian::little, "the words of a block are little-endian");

namespace {

using Vector4 = std::uint32_t __attribute__((vector_size(16)));
using Vector8 = std::uint32_t __attribute__((vector_size(32)));

constexpr std::size_t kWords = 16;  // of a block
constexpr std::size_t kTile = 4;    // words and lanes that are turned at once

}  // namespace

// The words of all lanes beside each other: word w of lane l at [w][l].
struct Md5Words {
  explicit Md5Words(const Md5Batch& batch) {
    // Between the longest message and the length at the end all words are 0.
    std::size_t used = 0;
    for (std::size_t lane = 0; lane < batch.size_; ++lane) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &batch.blocks_[lane].bytes[56], sizeof(bits));
      used = std::max<std::size_t>(used, bits / 8 + 1);
    }
    for (std::size_t lane = 0; lane < batch.size_; lane += kTile) {
      for (std::size_t word = 0; word < kWords; word += kTile) {
        if (word * 4 < used || word == kWords - kTile) Turn(batch, word, lane);
      }
    }
  }

  alignas(64) std::array<std::array<std::uint32_t, kMd5Lanes>, kWords> words{};

 private:
  // Four words of four lanes: rows become columns.
  void Turn(const Md5Batch& batch, std::size_t word, std::size_t lane) {
    std::array<Vector4, kTile> rows{};
    for (std::size_t i = 0; i < kTile && lane + i < batch.size_; ++i) {
      std::memcpy(&rows[i], &batch.blocks_[lane + i].bytes[word * 4], sizeof(Vector4));
    }
    const Vector4 low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const Vector4 high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const Vector4 low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const Vector4 high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    Store(__builtin_shufflevector(low01, low23, 0, 1, 4, 5), word, lane);
    Store(__builtin_shufflevector(low01, low23, 2, 3, 6, 7), word + 1, lane);
    Store(__builtin_shufflevector(high01, high23, 0, 1, 4, 5), word + 2, lane);
    Store(__builtin_shufflevector(high01, high23, 2, 3, 6, 7), word + 3, lane);
  }

  void Store(Vector4 column, std::size_t word, std::size_t lane) {
    std::memcpy(&words[word][lane], &column, sizeof(column));
  }
};

namespace {

// RFC 1321 section 3.4: floor(2^32 * |sin(i + 1)|).
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> kShifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
constexpr std::array<std::uint32_t, 4> kStart = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
// The first word is final after step 60: those behind it change the other three.
constexpr int kSteps = 61;

constexpr std::size_t WordOf(int step) {
  switch (step / 16) {
    case 0: return static_cast<std::size_t>(step);
    case 1: return static_cast<std::size_t>((5 * step + 1) % 16);
    case 2: return static_cast<std::size_t>((3 * step + 5) % 16);
    default: return static_cast<std::size_t>((7 * step) % 16);
  }
}

// One step of one chain. By reference: vectors that a processor may not have cannot be passed by value. Always inlined,
// so that it is compiled for the processor of the kernel around it.
template <int kStep, typename Vector>
[[gnu::always_inline]] inline void Step(std::array<Vector, 4>& state, const Vector& word) {
  constexpr int kShift = kShifts[kStep / 16][kStep % 4];
  // Which of the four plays a, b, c, d turns with every step.
  Vector& a = state[static_cast<std::size_t>(64 - kStep) % 4];
  const Vector& b = state[static_cast<std::size_t>(65 - kStep) % 4];
  const Vector& c = state[static_cast<std::size_t>(66 - kStep) % 4];
  const Vector& d = state[static_cast<std::size_t>(67 - kStep) % 4];
  a += word + kSines[kStep];
  if constexpr (kStep < 16) a += d ^ (b & (c ^ d));
  // The two halves never have a bit in common, so that the later one can be added alone.
  if constexpr (kStep >= 16 && kStep < 32) a += (c & ~d) + (b & d);
  if constexpr (kStep >= 32 && kStep < 48) a += b ^ (c ^ d);
  if constexpr (kStep >= 48) a += c ^ (b | ~d);
  a = b + ((a << kShift) | (a >> (32 - kShift)));
}

// One chain waits for itself with every step: as many beside each other as fit the registers are nearly free.
template <typename Vector, std::size_t kChains>
struct Chains {
  static constexpr std::size_t kLanes = sizeof(Vector) / sizeof(std::uint32_t);

  template <int kStep>
  [[gnu::always_inline]] void StepAll(const Md5Words& words, std::size_t first) {
    for (std::size_t chain = 0; chain < kChains; ++chain) {
      Vector word;
      std::memcpy(&word, &words.words[WordOf(kStep)][first + chain * kLanes], sizeof(word));
      Step<kStep>(states[chain], word);
    }
  }

  template <int... kStepList>
  [[gnu::always_inline]] void Run(const Md5Words& words, std::size_t first, std::integer_sequence<int, kStepList...>) {
    (StepAll<kStepList>(words, first), ...);
  }

  std::array<std::array<Vector, 4>, kChains> states;
};

template <typename Vector, std::size_t kChains>
[[gnu::always_inline]] inline void Hash(const Md5Words& words, std::size_t first, Md5Numbers& numbers) {
  Chains<Vector, kChains> chains;
  for (auto& state : chains.states) {
    for (std::size_t i = 0; i < state.size(); ++i) state[i] = Vector{} + kStart[i];
  }
  chains.Run(words, first, std::make_integer_sequence<int, kSteps>());
  for (std::size_t chain = 0; chain < kChains; ++chain) {
    const Vector number = chains.states[chain][0] + kStart[0];
    std::memcpy(&numbers[first + chain * chains.kLanes], &number, sizeof(number));
  }
  for (std::size_t i = first; i < first + kChains * chains.kLanes; ++i) numbers[i] = __builtin_bswap32(numbers[i]);
}

void HashPlain(const Md5Batch& batch, Md5Numbers& numbers) {
  const Md5Words words(batch);
  for (std::size_t first = 0; first < batch.size(); first += 8) Hash<Vector4, 2>(words, first, numbers);
}

#ifdef __x86_64__
[[gnu::target("avx2")]] void HashAvx2(const Md5Batch& batch, Md5Numbers& numbers) {
  const Md5Words words(batch);
  if (batch.size() <= 8) return Hash<Vector8, 1>(words, 0, numbers);
  Hash<Vector8, 2>(words, 0, numbers);
}

// Rotates in one instruction, and any three-way function of bits in another.
[[gnu::target("avx2,avx512f,avx512vl")]] void HashAvx512(const Md5Batch& batch, Md5Numbers& numbers) {
  const Md5Words words(batch);
  if (batch.size() <= 8) return Hash<Vector8, 1>(words, 0, numbers);
  Hash<Vector8, 2>(words, 0, numbers);
}

constexpr std::array<Md5Kernel, 3> kKernels = {HashAvx512, HashAvx2, HashPlain};
#else
constexpr std::array<Md5Kernel, 1> kKernels = {HashPlain};
#endif

}  // namespace

Md5Batch::Md5Batch(std::string_view unit) : unit_{}, begin_(unit.size() + 1) {
  std::memcpy(unit_.bytes.data(), unit.data(), unit.size());
  unit_.bytes[unit.size()] = ':';
}

void Md5Batch::Add(std::string_view salt) {
  Block& block = blocks_[size_++];
  block = unit_;
  std::memcpy(&block.bytes[begin_], salt.data(), salt.size());
  const std::size_t size = begin_ + salt.size();
  block.bytes[size] = 0x80;
  const auto bits = static_cast<std::uint32_t>(size * 8);
  std::memcpy(&block.bytes[56], &bits, sizeof(bits));
}

std::span<const Md5Kernel> Md5Kernels() {
  const std::span<const Md5Kernel> all(kKernels);
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512f")) return all;
  return __builtin_cpu_supports("avx2") ? all.subspan(1) : all.subspan(2);
#else
  return all;
#endif
}

}  // namespace sluice::core
