#pragma once
// Trainings of a few epochs: what they save and say, and whether two ended alike.
#include <gtest/gtest.h>
#include <ilk/sac.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "matrices.h"

inline ilk::TrainingState copy_of(const ilk::TrainingState& state) {
  ilk::TrainingState copy{.epoch = state.epoch, .fingerprint = state.fingerprint};
  for (const auto& [name, array] : state.arrays) copy.arrays.emplace_back(name, ilk::Array(array.view()));
  return copy;
}

inline ilk::SacOptions quick(std::int64_t k, std::int64_t epochs = 3) {
  return {.n_clusters = k, .seed = 1, .training = {.epochs = epochs, .batch_size = 64, .neighbours = 8}};
}

inline void expect_same(const ilk::TrainedHeads& a, const ilk::TrainedHeads& b) {
  const auto left = a.image.named("image."), right = b.image.named("image.");
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto &one = left[i].second, &other = right[i].second;
    EXPECT_EQ(one.shape, other.shape);
    EXPECT_TRUE(std::equal(one.bytes, one.bytes + one.size_bytes(), other.bytes)) << left[i].first;
  }
  EXPECT_TRUE(equal(a.text.weight1, b.text.weight1));
  EXPECT_EQ(a.assignment.labels, b.assignment.labels);
  EXPECT_EQ(a.assignment.scores, b.assignment.scores);
  ASSERT_EQ(a.epochs.size(), b.epochs.size());
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    EXPECT_EQ(a.epochs[e].means, b.epochs[e].means);
    EXPECT_EQ(a.epochs[e].changed_labels, b.epochs[e].changed_labels);
    EXPECT_EQ(a.epochs[e].usage_entropy, b.epochs[e].usage_entropy);
  }
}

struct Listener : ilk::Progress {
  std::string heard;
  std::int64_t total = 0, done = 0, stop_after = -1;
  void start(std::string_view stage, std::int64_t count, std::string_view) override {
    if (stage == "Training") total = count, done = 0;
  }
  void advance(std::int64_t count) override { done += count; }
  void say(std::string_view sentence) override { heard += sentence; }
  bool stop_requested() const override { return total > 0 && stop_after >= 0 && done >= stop_after; }
};
