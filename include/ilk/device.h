#pragma once
#include <array>
#include <string_view>

namespace ilk {

/// Where an encoder computes. `cpu`: the same bits on every machine. `cuda`: a GPU, in fp32, whose embeddings
/// have cosines of above 0.9999 with those of the CPU and may differ from one GPU to another; it is never
/// used unless it is asked for, so `automatic` is the CPU.
enum class Device { automatic, cpu, cuda };
constexpr auto enum_names(Device) {
  return std::array<std::string_view, 3>{"auto", "cpu", "cuda"};
}

/// For the options of commands that encode.
inline constexpr auto device_help =
    "where the encoders compute: cpu; cuda: a GPU, with ilk's GPU plugin; auto: cpu, whose results are the "
    "same on every machine";

}  // namespace ilk
