#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/safetensors.h>

#include <cstring>
#include <string>
#include <vector>

#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

/// A file of this header and `data_size` zero bytes.
std::string file_with(const std::string& header, std::size_t data_size) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_size, '\0');
}

std::string error_of(const std::string& bytes) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "damaged.safetensors";
  ilk::write_file_atomically(path, bytes);
  try {
    const ilk::SafetensorsFile file(path);
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Safetensors, ReadsWhatTheReferenceWrote) {
  const ilk::SafetensorsFile file(std::filesystem::path(ILK_TEST_DATA) / "safetensors/reference.safetensors");
  const std::map<std::string, torch::ScalarType> types{{"f64", torch::kFloat64}, {"f32", torch::kFloat32},
                                                       {"f16", torch::kFloat16}, {"bf16", torch::kBFloat16},
                                                       {"i64", torch::kInt64},   {"i32", torch::kInt32},
                                                       {"i16", torch::kInt16},   {"i8", torch::kInt8},
                                                       {"u8", torch::kUInt8},    {"bool", torch::kBool}};
  const torch::Tensor i = at::arange(6).reshape({2, 3});
  for (const auto& [name, type] : types) {
    const torch::Tensor tensor = file.get(name);
    const torch::Tensor expected =
        type == torch::kBool ? i % 2 == 1 : (type == torch::kUInt8 ? i : i - 3).to(type);
    EXPECT_EQ(tensor.scalar_type(), type) << name;
    EXPECT_TRUE(at::equal(tensor, expected)) << name;
  }
  EXPECT_EQ(file.get("scalar").dim(), 0);
  EXPECT_EQ(file.get("scalar").item<float>(), 2.5f);
  EXPECT_EQ(file.get("empty").sizes(), at::IntArrayRef({0, 4}));
  EXPECT_TRUE(file.contains("näme with \"quotes\""));
  EXPECT_FALSE(file.contains("absent"));
  EXPECT_EQ(file.names().size(), types.size() + 3);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"note", "ü"}}));
  EXPECT_THROW(file.get("absent"), ilk::Error);
}

TEST(Safetensors, RoundTripsEveryTypeLayoutAndEmptiness) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "below" / "tensors.safetensors";
  std::vector<std::pair<std::string, torch::Tensor>> tensors{
      {"bytes", at::arange(3).to(torch::kUInt8)},  // of odd length, before wider types
      {"transposed", at::arange(6).to(torch::kFloat64).reshape({2, 3}).t()},
      {"half", at::arange(5).to(torch::kFloat16)},
      {"brain", at::arange(5).to(torch::kBFloat16)},
      {"flags", at::arange(3) > 1},
      {"scalar", at::full({}, 7, torch::kInt64)},
      {"empty", at::zeros({3, 0})},
      {"i8", at::arange(-3, 3).to(torch::kInt8)},
      {"i16", at::arange(-3, 3).to(torch::kInt16)},
      {"i32", at::arange(-3, 3).to(torch::kInt32)}};
  ilk::write_safetensors(path, tensors, {{"key", "a \"value\"\n"}});
  const ilk::SafetensorsFile file(path);
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(file.get(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(file.get(name), tensor)) << name;
  }
  EXPECT_EQ(file.metadata().at("key"), "a \"value\"\n");

  ilk::write_safetensors(path, {});
  EXPECT_TRUE(ilk::SafetensorsFile(path).names().empty());
}

TEST(Safetensors, RefusesToWriteWhatCannotBeReadBack) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  const torch::Tensor one = at::ones({1});
  EXPECT_THROW(ilk::write_safetensors(path, {{"a", one}, {"a", one}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"__metadata__", one}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"a", torch::Tensor()}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"a", one.to(torch::kComplexFloat)}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"\xff", one}}), ilk::Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Safetensors, ASoundHeaderIsTakenWithPaddingAndInAnyOrder) {
  EXPECT_EQ(error_of(file_with("{}", 0)), "");
  EXPECT_EQ(error_of(file_with("{}      ", 0)), "");
  EXPECT_EQ(error_of(file_with(R"({"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},
                                    "a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})",
                               8)),
            "");
  EXPECT_EQ(error_of(file_with(R"({"e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},
                                    "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
                                    "f":{"dtype":"F32","shape":[5,0],"data_offsets":[0,0]}})",
                               4)),
            "");
}

TEST(Safetensors, EveryDamagedHeaderIsOneErrorThatNamesTheRule) {
  struct Case {
    std::string bytes, rule;
  };
  const auto tensor = [](const std::string& fields, std::size_t data_size) {
    return file_with("{\"a\":{" + fields + "}}", data_size);
  };
  const auto with_length = [](std::uint64_t length) {
    std::string bytes = file_with("{}", 0);
    std::memcpy(bytes.data(), &length, 8);
    return bytes;
  };
  const std::string nested(100000, '[');
  const std::vector<Case> cases{
      // the length
      {"", "at least 8 bytes"},
      {"1234567", "at least 8 bytes"},
      {with_length(3), "ends beyond the file"},
      {with_length(100'000'001), "at most 100000000"},
      {with_length(UINT64_MAX), "at most 100000000"},
      {with_length(UINT64_MAX - 7), "at most 100000000"},
      {with_length(0), "must begin with '{'"},
      // the JSON
      {file_with(" {}", 0), "must begin with '{'"},
      {file_with("[]", 0), "must begin with '{'"},
      {file_with("{", 0), "not JSON"},
      {file_with("{}}", 0), "not JSON"},
      {file_with("{}\xff", 0), "not JSON"},
      {file_with("{\"\xff\":{}}", 0), "not JSON"},
      {file_with(std::string("{}\0", 3), 0), "zero bytes"},
      {file_with("{\"a\":" + nested, 0), "nested too deeply"},
      {file_with(R"({"a":{"dtype":{"b":{"c":{}}}}})", 0), "nested too deeply"},
      {file_with(R"({"__metadata__":{},"__metadata__":{}})", 0), "'__metadata__' twice"},
      {file_with(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "'k' twice"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
           1),
       "'a' twice"},
      {tensor(R"("dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1])", 1), "'dtype' twice"},
      {file_with(R"({"__metadata__":{"k":1}})", 0), "metadata 'k' must be a string"},
      {file_with(R"({"__metadata__":[]})", 0), "must be an object"},
      {file_with(R"({"a":1})", 0), "must be an object"},
      // the fields
      {tensor(R"("dtype":"U8","shape":[1])", 1), "must have dtype, shape and data_offsets"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"more":0)", 1), "nothing else"},
      {tensor(R"("dtype":"U8","form":[1],"data_offsets":[0,1])", 1),
       "must have dtype, shape and data_offsets"},
      {tensor(R"("dtype":7,"shape":[1],"data_offsets":[0,1])", 1), "dtype of 'a' must be a string"},
      {tensor(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])", 1), "not supported: F8_E4M3"},
      {tensor(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])", 4), "not supported: f32"},
      {tensor(R"("dtype":"U8","shape":1,"data_offsets":[0,1])", 1), "must be a list"},
      {tensor(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])", 1), "whole numbers, got -1"},
      {tensor(R"("dtype":"U8","shape":[1.0],"data_offsets":[0,1])", 1), "whole numbers, got 1.0"},
      {tensor(R"("dtype":"U8","shape":["1"],"data_offsets":[0,1])", 1), "whole numbers"},
      {tensor(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1])", 1), "whole numbers"},
      {tensor(R"("dtype":"U8","shape":[18446744073709551617],"data_offsets":[0,1])", 1), "whole numbers"},
      {tensor(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])", 0), "too large"},
      {tensor(R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0])", 0), "too large"},
      {tensor(R"("dtype":"U8","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0])", 0),
       "too large"},
      // the places
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0])", 1), "two whole numbers"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])", 1), "two whole numbers"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[-1,0])", 1), "two whole numbers"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":"01")", 1), "two whole numbers"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])", 1), "outside"},
      {tensor(R"("dtype":"U8","shape":[2],"data_offsets":[0,2])", 1), "outside"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,18446744073709551615])", 1),
       "outside"},
      {tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,3])", 3),
       "has 3 bytes, but its shape and dtype need 4"},
      {tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
       "has 4 bytes, but its shape and dtype need 8"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[1,2])", 2), "gap before 'a'"},
      {tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])", 3), "end 2 bytes before the file"},
      {file_with("{}", 1), "end 1 bytes before the file"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           3),
       "'b' overlaps"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
           2),
       "'b' overlaps"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
           3),
       "gap before 'b'"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
           2),
       "'e' overlaps"},
  };
  for (const Case& damaged : cases)
    EXPECT_THAT(error_of(damaged.bytes), HasSubstr(damaged.rule)) << damaged.bytes.substr(0, 200);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string whole =
      ilk::read_file(std::filesystem::path(ILK_TEST_DATA) / "safetensors/reference.safetensors");
  for (std::size_t size = 0; size < whole.size(); size += 31)
    EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
}

TEST(Safetensors, BooleansOtherThanZeroAndOneAreAnError) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  std::string bytes = file_with(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1);
  bytes.back() = 2;
  ilk::write_file_atomically(path, bytes);
  EXPECT_THROW(ilk::SafetensorsFile(path).get("a"), ilk::Error);
}

}  // namespace
