// The GPU plugin's towers against those of the CPU, which their own tests compare with outside references. No
// GPU is needed: ILK_GPU_DEVICE=cpu lets the plugin compute with libtorch's CPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/encoder.h>
#include <ilk/metrics.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "encoders/clip.h"
#include "encoders/text_features.h"
#include "io/csv.h"
#include "made_models.h"
#include "matrices.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

using ilk::Device;
using ilk::Matrix;
using ilk::Precision;
using testing::HasSubstr;
namespace fs = std::filesystem;

const fs::path models = fs::path(ILK_SOURCE_DIR) / "models";
const fs::path tiny = fs::path(ILK_TEST_DATA) / "tiny_clip";
const std::string pictures = ILK_SOURCE_DIR "/examples/clipart/images";

/// Both from one directory, in fp32.
struct Encoders {
  explicit Encoders(const fs::path& directory)
      : cpu(ilk::load_image_text_encoder(directory, Precision::fp32)),
        gpu(ilk::load_image_text_encoder(directory, Precision::automatic, Device::cuda)) {}
  std::unique_ptr<ilk::ImageTextEncoder> cpu, gpu;
};

Matrix<float> some_images(const ilk::ImageTextEncoder& encoder) {
  std::vector<Matrix<float>> decoded;
  for (const auto& entry : fs::directory_iterator(pictures)) {
    if (decoded.size() == 9) break;
    decoded.push_back(
        decode_for_model(ilk::read_image_file(entry.path().string()), encoder.preprocessor(), {}));
  }
  Matrix<float> pixels(std::ssize(decoded), decoded[0].size());
  for (std::int64_t i = 0; i < pixels.rows(); ++i)
    std::copy_n(decoded[static_cast<std::size_t>(i)].data(), pixels.columns(), pixels[i]);
  return pixels;
}

void expect_same_embeddings(const Encoders& encoders) {
  const Matrix<float> pixels = some_images(*encoders.cpu);
  const Matrix<float> wanted = encoders.cpu->encode_images(pixels),
                      found = encoders.gpu->encode_images(pixels);
  expect_unit_rows(found);
  EXPECT_GE(lowest_cosine(found, wanted), 0.99999);
  EXPECT_LT(largest_difference(found, wanted), 1e-4);
  // Images are not all alike.
  EXPECT_LT(lowest_cosine(found.rows_between(0, 8), wanted.rows_between(1, 9)), 0.99);

  const std::vector<std::string> texts{"a photo of a cat", "", "boats in a harbour at night",
                                       "a photo of a cat"};
  const Matrix<float> read = encoders.gpu->encode_texts(texts);
  expect_unit_rows(read);
  EXPECT_GE(lowest_cosine(read, encoders.cpu->encode_texts(texts)), 0.99999);
}

TEST(Gpu, VisionAndTextTransformersAreThoseOfTheCpu) {
  expect_same_embeddings(Encoders(tiny));
}

TEST(Gpu, TheConvolutionalTowerIsThatOfTheCpu) {
  expect_same_embeddings(Encoders(models / "ilk-lite"));
}

TEST(Gpu, SaysWhatItIs) {
  const Encoders encoders(tiny);
  EXPECT_EQ(encoders.gpu->device(), Device::cuda);
  EXPECT_EQ(encoders.gpu->precision(), Precision::fp32);
  EXPECT_EQ(encoders.cpu->device(), Device::cpu);
  EXPECT_EQ(encoders.gpu->fingerprint(), encoders.cpu->fingerprint());
  EXPECT_EQ(arithmetic_of(*encoders.gpu), "fp32 cuda");
  EXPECT_EQ(arithmetic_of(*encoders.cpu), "fp32");
  EXPECT_EQ(ilk::gpu_name(), "CPU (libtorch)");
  EXPECT_THAT(error_of([] { ilk::Clip(tiny, Precision::int16, Device::cuda); }),
              HasSubstr("int16 is of the CPU"));
}

TEST(Gpu, TextFeaturesOfTheTwoAreKeptApart) {
  const Encoders encoders(tiny);
  const TemporaryDirectory cache;
  const ilk::Corpus corpus = ilk::make_corpus("test", {"cat", "dog"});
  embed_corpus(*encoders.cpu, corpus, {}, cache.path(), "");
  EXPECT_FALSE(embed_corpus(*encoders.gpu, corpus, {}, cache.path(), "").from_cache);
  EXPECT_TRUE(embed_corpus(*encoders.gpu, corpus, {}, cache.path(), "").from_cache);
}

TEST(Gpu, WeightsThatAreMissingAreNamed) {
  const TemporaryDirectory broken;
  fs::copy(tiny, broken.path(), fs::copy_options::recursive);
  auto config = nlohmann::json::parse(ilk::read_file(broken.path() / "config.json"));
  auto& layers = config["vision_config"]["num_hidden_layers"];
  layers = layers.get<int>() + 1;
  ilk::write_file_atomically(broken.path() / "config.json", config.dump());
  EXPECT_THAT(error_of([&] { ilk::Clip(broken.path(), Precision::automatic, Device::cuda); }),
              HasSubstr(".layer_norm1.weight"));
}

// ---- the program

class GpuProgramTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder_.path(), arguments);
  }
  ProgramResult cluster(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> arguments{"cluster", pictures,   "-k",       "6",
                                       "-o",      path(name), "--method", "kmeans"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  nlohmann::json manifest(const std::string& name) const {
    return nlohmann::json::parse(ilk::read_file(folder_.path() / name / "manifest.json"));
  }
  nlohmann::json summary(const std::string& name) const { return manifest(name)["summary"]; }
  TemporaryDirectory folder_;
};

TEST_F(GpuProgramTest, ARunOnIt) {
  const ProgramResult on_gpu = cluster("gpu", {"--device", "cuda"});
  ASSERT_EQ(on_gpu.status, 0) << on_gpu.err;
  const ProgramResult on_cpu = cluster("cpu", {"--precision", "fp32"});
  ASSERT_EQ(on_cpu.status, 0) << on_cpu.err;
  const auto gpu = summary("gpu"), cpu = summary("cpu");
  EXPECT_EQ(manifest("gpu")["options"]["device"], "cuda");
  EXPECT_EQ(gpu["device"], "CPU (libtorch)");
  EXPECT_EQ(gpu["precision"], "fp32");
  EXPECT_EQ(gpu["encoded"], cpu["encoded"]) << "nothing of the one is taken for the other";
  EXPECT_GT(cpu["encoded"], 0);
  const ProgramResult again = cluster("again", {"--device", "cuda"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(summary("again")["encoded"], 0);
  EXPECT_EQ(ilk::read_file(path("again/assignments.csv")), ilk::read_file(path("gpu/assignments.csv")));

  const ProgramResult compared = run({"compare", path("gpu"), path("cpu"), "--json"});
  EXPECT_EQ(compared.status, 0) << compared.err;

  const ProgramResult placed = run({"assign", path("gpu"), pictures, "--device", "cuda"});
  EXPECT_EQ(placed.status, 0) << placed.err;
  EXPECT_EQ(placed.err.find("encoded in"), std::string::npos) << placed.err;
  const ProgramResult elsewhere = run({"assign", path("gpu"), pictures});
  EXPECT_EQ(elsewhere.status, 0) << elsewhere.err;
  EXPECT_THAT(elsewhere.err, HasSubstr("The run's images were encoded in fp32 cuda, these are in fp32."));
}

TEST_F(GpuProgramTest, OneErrorWhereThereIsNoGpu) {
  setenv("ILK_GPU_DEVICE", "cuda", 1);
  const ProgramResult result = cluster("run", {"--device", "cuda"});
  setenv("ILK_GPU_DEVICE", "cpu", 1);
  if (result.status == 0) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("found no GPU"));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(GpuProgramTest, OneErrorForAPluginOfAnotherIlk) {
  setenv("ILK_GPU_PLUGIN", ILK_OTHER_PLUGIN, 1);
  const ProgramResult result = cluster("run", {"--device", "cuda"});
  setenv("ILK_GPU_PLUGIN", ILK_PLUGIN, 1);
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("is of another ilk (its interface is 0,"));
}

TEST_F(GpuProgramTest, AVocabularyFromIt) {
  ilk::write_file_atomically(path("nouns.txt"), "cat\ndog\nboat\n");
  const ProgramResult built = run({"vocab", "build", "--model", tiny.string(), "--nouns", path("nouns.txt"),
                                   "--device", "cuda", "-o", path("nouns.safetensors")});
  EXPECT_EQ(built.status, 0) << built.err;
  EXPECT_THAT(built.out, HasSubstr("fp32 cuda"));
}

}  // namespace

int main(int argc, char** argv) {
  setenv("ILK_GPU_PLUGIN", ILK_PLUGIN, 1);
  setenv("ILK_GPU_DEVICE", "cpu", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
