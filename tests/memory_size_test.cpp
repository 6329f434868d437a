#include <gtest/gtest.h>
#include <ilk/error.h>

#include <vector>

#include "core/memory_size.h"

namespace {

std::uint64_t parsed(const char* text) {
  return ilk::parse_memory_size(text, "test", "memory");
}

TEST(MemorySize, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(parsed("6GiB"), 6ull << 30);
  EXPECT_EQ(parsed("6g"), 6ull << 30);
  EXPECT_EQ(parsed("6 Gib"), 6ull << 30);
  EXPECT_EQ(parsed("800MB"), 800000000ull);
  EXPECT_EQ(parsed("1.5k"), 1536ull);
  EXPECT_EQ(parsed("2TiB"), 2ull << 40);
  EXPECT_EQ(parsed("512"), 512ull);
  EXPECT_EQ(parsed("512B"), 512ull);
}

TEST(MemorySize, WhatIsNoneIsOneError) {
  for (const char* text : {"", "GiB", "6 apples", "6GiBs", "-1GiB", "0", "0.1B", "nan", "inf", "1e3",
                           "6,5GiB", "9999999999TiB", "6GiB 3", " 6GiB"}) {
    try {
      parsed(text);
      ADD_FAILURE() << text;
    } catch (const ilk::Error& error) {
      EXPECT_NE(std::string(error.what()).find("[test] memory must be a size such as 6GiB or 800MB, got '"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(MemorySize, IsWrittenInTheUnitThatFits) {
  EXPECT_EQ(ilk::memory_size_text(5), "5 bytes");
  EXPECT_EQ(ilk::memory_size_text(20 << 10), "20 KiB");
  EXPECT_EQ(ilk::memory_size_text(312ull << 20), "312 MiB");
  EXPECT_EQ(ilk::memory_size_text(3ull << 29), "1.5 GiB");
  EXPECT_GT(ilk::machine_memory(), ilk::resident_memory());
  EXPECT_GT(ilk::resident_memory(), 1u << 20);
}

TEST(MemorySize, ThePeakOutlastsWhatWasHeld) {
  constexpr std::size_t held = 96u << 20;
  const std::uint64_t before = ilk::resident_memory();
  {
    std::vector<char> memory(held);
    for (std::size_t i = 0; i < held; i += 4096) memory[i] = static_cast<char>(i);
    EXPECT_GE(ilk::resident_memory(), before + held / 2);
  }
  EXPECT_GE(ilk::peak_resident_memory(), before + held / 2);
  EXPECT_GE(ilk::peak_resident_memory(), ilk::resident_memory());
}

}  // namespace
