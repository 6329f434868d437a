#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/array.h>
#include <ilk/error.h>

#include <algorithm>
#include <random>

#include "error_of.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "temporary_directory.h"

namespace {

using ilk::ElementType;
using testing::HasSubstr;

const std::string data = ILK_TEST_DATA "/arrays/";

/// Rows `begin` … `end` − 1 of the numbers that most files hold, (5, 3).
std::vector<double> expected(std::int64_t begin = 0, std::int64_t end = 5) {
  std::vector<double> numbers;
  for (std::int64_t i = 3 * begin; i < 3 * end; ++i) numbers.push_back(static_cast<double>(i) / 4 - 1);
  return numbers;
}

ilk::Array whole(const ilk::ArrayFile& file) {
  return file.rows(0, file.shape()[0]);
}

std::string error_of_place(const std::string& place) {
  return error_of([&] { whole(ilk::ArrayFile(place)); });
}

std::string error_of_bytes(const std::string& bytes, const std::string& name = "x.npy") {
  const TemporaryDirectory folder;
  write(folder.path() / name, bytes);
  return error_of_place((folder.path() / name).string());
}

/// A version 1 file with this dictionary and `size` zero bytes.
std::string npy(const std::string& dictionary, std::size_t size) {
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(dictionary.size() & 255);
  bytes += static_cast<char>(dictionary.size() >> 8);
  return bytes + dictionary + std::string(size, '\0');
}

TEST(ArrayFile, ReadsWhatNumPyWrote) {
  for (const auto& [name, type] :
       std::vector<std::pair<std::string, ElementType>>{{"f2.npy", ElementType::f16},
                                                        {"f4.npy", ElementType::f32},
                                                        {"f8.npy", ElementType::f64},
                                                        {"fortran.npy", ElementType::f32},
                                                        {"version2.npy", ElementType::f32},
                                                        {"version3.npy", ElementType::f32},
                                                        {"stored.npz:a", ElementType::f32},
                                                        {"deflated.npz:a", ElementType::f32},
                                                        {"one.npz", ElementType::f16},
                                                        {"one.npz:arr_0", ElementType::f16},
                                                        {"streamed.npz", ElementType::f32}}) {
    const ilk::ArrayFile file(data + name);
    EXPECT_EQ(file.shape(), (std::vector<std::int64_t>{5, 3})) << name;
    EXPECT_EQ(file.type(), type) << name;
    EXPECT_EQ(file.type_name(), "float" + std::to_string(8 * ilk::size_of(type))) << name;
    EXPECT_EQ(file.in_order_only(),
              name.starts_with("deflated") || name.starts_with("one") || name.starts_with("str"));
    EXPECT_EQ(whole(file).to_doubles(), expected()) << name;
    EXPECT_TRUE(ilk::ArrayFile::recognises(data + name)) << name;
  }
  for (const char* name :
       {"i1.npy", "i2.npy", "i4.npy", "i8.npy", "u1.npy", "b1.npy", "stored.npz:b", "deflated.npz:b"}) {
    const ilk::ArrayFile file(data + name);
    EXPECT_EQ(file.type_name(), name[0] == 'b'   ? "bool"
                                : name[0] == 'i' ? "int" + std::to_string(8 * (name[1] - '0'))
                                : name[0] == 'u' ? "uint8"
                                                 : "int64");
    const ilk::Array array = whole(file);
    EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{5, 3}));
    for (std::int64_t i = 0; i < 15; ++i)
      EXPECT_EQ(array.to_integers()[i], name[0] == 'b' ? std::min<std::int64_t>(i, 1) : i) << name;
  }
}

TEST(ArrayFile, AnyRowsInAnyOrderAreTheSameRows) {
  for (const char* name : {"f4.npy", "fortran.npy", "stored.npz:a", "deflated.npz:a"}) {
    const ilk::ArrayFile file(data + name);
    for (const auto& [begin, end] :
         std::vector<std::pair<int, int>>{{3, 5}, {0, 2}, {2, 3}, {4, 4}, {1, 5}, {0, 5}})
      EXPECT_EQ(file.rows(begin, end).to_doubles(), expected(begin, end)) << name << " " << begin;
    EXPECT_THROW(file.rows(3, 6), ilk::Error);
    EXPECT_THROW(file.rows(-1, 2), ilk::Error);
  }
}

TEST(ArrayFile, SafetensorsAreReadByName) {
  const TemporaryDirectory folder;
  const auto path = (folder.path() / "two:parts.safetensors").string();  // a colon in the path itself
  const std::vector<double> numbers = expected();
  std::vector<ilk::BFloat16> half;
  for (const double number : numbers) half.push_back(ilk::to_bfloat16(static_cast<float>(number)));
  const ilk::ArrayView array{ElementType::f64, {5, 3}, numbers.data()};
  ilk::write_safetensors(path, {{"x:0", array}, {"half", {ElementType::bf16, {5, 3}, half.data()}}});
  const ilk::Array rows = ilk::ArrayFile(path + ":half").rows(1, 3);
  EXPECT_EQ(rows.type(), ElementType::bf16);
  EXPECT_EQ(rows.to_doubles(), expected(1, 3));
  EXPECT_THAT(error_of_place(path), HasSubstr("holds 2 arrays (half, x:0); say which as"));
  EXPECT_THAT(error_of_place(path + ":none"), HasSubstr("has no array 'none'; it has half, x:0."));
  const auto one = (folder.path() / "one.safetensors").string();
  ilk::write_safetensors(one, {{"x", array}});
  EXPECT_EQ(whole(ilk::ArrayFile(one)).to_doubles(), expected());
  const std::vector<std::uint16_t> unsigned_numbers{1, 2};
  ilk::write_safetensors(one, {{"x", unsigned_numbers}});
  EXPECT_EQ(whole(ilk::ArrayFile(one)).to_integers(), (std::vector<std::int64_t>{1, 2}));
}

TEST(ArrayFile, SafetensorsOfUnknownTypesDoNoHarmToOthers) {
  const TemporaryDirectory folder;
  const auto path = (folder.path() / "x.safetensors").string();
  for (const char* type : {"F8_E4M3", "U16", "F4", "C64"}) {
    // "x" is float32 [1, 2], "other" four bytes of the type.
    std::string header =
        std::string(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"other":{"dtype":")") + type +
        R"(","shape":[)" + (type == std::string("U16") ? "2" : "4") + R"(],"data_offsets":[8,12]}})";
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    const float numbers[] = {1, 2, 3};
    write(path, bytes + header + std::string(reinterpret_cast<const char*>(numbers), 12));
    EXPECT_EQ(whole(ilk::ArrayFile(path + ":x")).to_doubles(), (std::vector<double>{1, 2})) << type;
    if (type != std::string("U16")) {
      EXPECT_THAT(error_of_place(path + ":other"), HasSubstr(std::string("got ") + type)) << type;
    }
  }
}

TEST(ArrayFile, WhatAFileIsIsSaid) {
  for (const char* name : {"x.npy", "x.safetensors", "x.npz"}) {
    const auto said = [&](const std::string& bytes) { return error_of_bytes(bytes, name); };
    EXPECT_THAT(said("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"),
                HasSubstr("it is a Git LFS pointer"));
    EXPECT_THAT(said("\n<!DOCTYPE html><html><body>Please log in</body></html>"),
                HasSubstr("it is a web page"));
    EXPECT_THAT(said(std::string("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 14)),
                HasSubstr("save the array with numpy.save"));
    EXPECT_THAT(said("\x80\x04\x95 a pickle"), HasSubstr("it is a Python pickle"));
  }
  EXPECT_THAT(error_of_place(data + "torch.pt"),
              HasSubstr("is a PyTorch file, and those are not read; save the array"));
}

TEST(ArrayFile, TextsAreReadForThoseWhoWantTexts) {
  const std::vector<std::string> texts{"K\xC3\xA4tzchen \xF0\x9F\x90\x88", "Hund", "", "Hund"};
  for (const char* name : {"labels_text.npy", "labels_texts.npz:words", "labels_packed.npz:words"}) {
    EXPECT_EQ(ilk::read_text_array(data + name), texts) << name;
    EXPECT_THAT(error_of_place(data + name), HasSubstr("must hold numbers, but holds texts"));
  }
  EXPECT_EQ(ilk::read_text_array(data + "labels_bytes.npy"), (std::vector<std::string>{"b", "a", "", "a"}));
  EXPECT_EQ(ilk::read_text_array(data + "f4.npy"), std::nullopt);
  const TemporaryDirectory folder;
  const auto path = (folder.path() / "x.npy").string();
  const auto refused = [&](const std::string& dictionary, const std::string& elements) {
    write(path, npy(dictionary, 0) + elements);
    EXPECT_THROW(ilk::read_text_array(path), ilk::Error) << dictionary;
  };
  refused("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", std::string("\0\0\x11\0", 4));
  refused("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", std::string("\0\xD8\0\0", 4));
  refused("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", "abc");
  refused("{'descr': '<U9999999', 'fortran_order': False, 'shape': (1,), }", "abcd");
  refused("{'descr': '<U-1', 'fortran_order': False, 'shape': (1,), }", "abcd");
  refused("{'descr': '<U1', 'fortran_order': False, 'shape': (1, 2), }", "abcdefgh");
}

TEST(ArrayFile, WhatIsNotReadIsOneErrorThatSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"big_endian.npy", "got '>f4' (big-endian)"},
      {"objects.npy", "got '|O' (Python objects; for texts save array.astype(str))"},
      {"records.npy", "plain numbers"},
      {"text.npy", "must hold numbers, but holds texts"},
      {"fortran.npz", "must be in C order"},
      {"bzip2.npz", "must be stored or deflated, got packing 12"},
      {"no_array.npz", "holds no array"},
      {"stored.npz", "holds 2 arrays (a, b); say which as"},
      {"stored.npz:c", "has no array 'c'; it has a, b"},
      {"f4.npy:a", "is one array"},
      {"none.npy", "No such file"},
      {"make.py", "must be an .npy, .npz or .safetensors file, but does not begin as one"},
      {"", "Is a directory"},
  };
  for (const auto& [name, rule] : cases) EXPECT_THAT(error_of_place(data + name), HasSubstr(rule)) << name;
  EXPECT_FALSE(ilk::ArrayFile::recognises(data + "make.py"));
  EXPECT_FALSE(ilk::ArrayFile::recognises(data + "none.npy"));
  EXPECT_FALSE(ilk::ArrayFile::recognises(data));
}

TEST(ArrayFile, EveryDamagedHeaderIsOneErrorThatNamesTheRule) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
  ASSERT_EQ(error_of_bytes(npy(good, 24)), "");
  ASSERT_EQ(error_of_bytes(npy(R"({"shape":(2L,3L),"fortran_order":True,"descr":"<f4"})", 24)), "");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "is empty"},
      {"\x93NUM", "does not begin as one"},
      {"\x93NUMPY", "ends within its header"},
      {"\x93NUMPY\x01", "ends within its header"},
      {std::string("\x93NUMPY\x04\0\x10\0", 10), "version must be 1, 2 or 3, got 4"},
      {std::string("\x93NUMPY\x01\0\xff\xff", 10), "ends within its header"},
      {std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12), "at most 1048576 bytes"},
      {npy(good, 23), "need 24 bytes, but there are 23"},
      {npy(good, 25), "need 24 bytes, but there are 25"},
      {npy("", 0), "must have '{'"},
      {npy("{", 0), "before ''"},
      {npy("{}", 0), "must have descr, fortran_order and shape"},
      {npy("{'descr': '<f4', 'shape': (1,)}", 4), "must have descr, fortran_order and shape"},
      {npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4), "True or False"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4), "whole numbers, got '-1"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}", 4), "must have ')'"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': 3}", 12), "must have '('"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4), "whole numbers"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 4), "too large"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 4), "alone, got 'more'"},
      {npy("{'descr': '<f4", 4), "never closed"},
      {npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8), "the dtype must be"},
      {npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 3)}", 24), "must be in C order"},
  };
  for (const auto& [bytes, rule] : cases) EXPECT_THAT(error_of_bytes(bytes), HasSubstr(rule)) << bytes;
  // An array of nothing is an array.
  EXPECT_EQ(error_of_bytes(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", 0)), "");
}

TEST(ArrayFile, EveryTruncationIsAnError) {
  for (const std::string name : {"f4.npy", "stored.npz", "deflated.npz", "streamed.npz", "one.npz"}) {
    const std::string bytes = ilk::read_file(data + name);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_NE(error_of_bytes(bytes.substr(0, size), name), "") << name << " " << size;
  }
}

TEST(ArrayFile, DamagedArchivesAreErrorsNeverOtherNumbers) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "x.npz").string();
  std::mt19937 random(3);
  for (const std::string name : {"stored.npz", "deflated.npz", "streamed.npz"}) {
    const std::string bytes = ilk::read_file(data + name);
    for (int trial = 0; trial < 600; ++trial) {
      std::string damaged = bytes;
      for (unsigned i = 0; i <= random() % 3; ++i)
        damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
      write(path, damaged);
      try {
        const auto read = whole(ilk::ArrayFile(path + ":a"));
        // What is stored is taken as it is; what is packed has a checksum.
        EXPECT_TRUE(name == "stored.npz" || read.to_doubles() == expected()) << name << trial;
      } catch (const ilk::Error&) {
        // As it should be.
      }
    }
  }
}

TEST(ArrayFile, AFileThatShrinksWhileItIsReadIsAnError) {
  const TemporaryDirectory folder;
  for (const std::string name : {"f4.npy", "stored.npz"}) {
    const auto path = folder.path() / name;
    std::filesystem::copy_file(data + name, path);
    const ilk::ArrayFile file(path.string() + (name == "f4.npy" ? "" : ":a"));
    std::filesystem::resize_file(path, 60);
    try {
      whole(file);
      ADD_FAILURE() << name;
    } catch (const ilk::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("was cut meanwhile")) << name;
    }
  }
}

}  // namespace
