#pragma once
/* The interface between ilk and its GPU plugin, in C: the plugin may be built by another compiler and against
   another C++ library (that of a libtorch). A plugin exports ilk_gpu_plugin; src/gpu implements it,
   gpu_tower.cpp loads it. B images or texts at a time. */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* To be raised with every change of this file. */
#define ILK_GPU_PLUGIN_VERSION 1

/* The kinds of towers. */
enum { ILK_VISION_TRANSFORMER = 0, ILK_TEXT_TRANSFORMER = 1, ILK_CONVOLUTIONS = 2 };

/* Which tower, and its sizes: those that a kind does not name are 0. */
typedef struct {
  int32_t kind;
  /* Of both transformers; a vision transformer makes its class token's output the image's, a causal text
     transformer that of the last token of each text. */
  int64_t width, mlp_width, layers, heads;
  int32_t quick_gelu; /* else gelu */
  double layer_norm_epsilon;
  int64_t image_size, patch_size;
  int64_t vocabulary_size, context_length;
  /* Of convolutions: `stages` are n_stages times size, stride, expansion, repeats, width. */
  int64_t stem, n_stages;
  const int64_t* stages;
  /* Of what comes out. */
  int64_t output_width;
} IlkTowerShape;

/* Where weights come from, by their names in the model's file. */
typedef struct {
  void* context;
  /* Copies a weight of this shape to `to`. One that is missing or of another shape is noted by ilk, and `to`
     stays as it is. */
  void (*take)(void* context, const char* name, const int64_t* shape, int32_t dimensions, float* to);
} IlkWeights;

typedef struct IlkTower IlkTower;

/* What a plugin can do. Functions that may fail return 0 where all is well, and else write a sentence for the
   user to `error`, of `capacity` bytes with the zero that ends it. run may be called by several threads. */
typedef struct {
  int32_t version; /* ILK_GPU_PLUGIN_VERSION */
  /* Writes the name of the device to `name`; fails where there is none. "cuda", or "cpu" for tests. */
  int32_t (*find_device)(const char* device, char* name, char* error, int64_t capacity);
  int32_t (*load)(const char* device, const IlkTowerShape* shape, const IlkWeights* weights, IlkTower** tower,
                  char* error, int64_t capacity);
  /* `pixels` (B, 3 · S · S) or `tokens` (B, length) of the tower's kind, the other null; to `output` (B,
     output_width), not normalised. */
  int32_t (*run)(const IlkTower* tower, const float* pixels, const int32_t* tokens, int64_t count,
                 int64_t length, float* output, char* error, int64_t capacity);
  void (*release)(IlkTower* tower);
} IlkGpuPlugin;

/* The one symbol of a plugin. */
typedef const IlkGpuPlugin* (*IlkGpuPluginFunction)(void);
#define ILK_GPU_PLUGIN_SYMBOL "ilk_gpu_plugin"

#ifdef __cplusplus
}
#endif
