#pragma once
// The methods, in the order in which help lists them. METHOD(name) stands for `name_method`, which
// methods/name.cpp defines: a new method is a line here and that file.
#define ILK_METHODS(METHOD) \
  METHOD(automatic)         \
  METHOD(cae)               \
  METHOD(kmeans)            \
  METHOD(tac)               \
  METHOD(tac_trained)       \
  METHOD(sac)

#include "pipeline/method.h"

namespace ilk {
#define ILK_DECLARE_METHOD(name) extern const Method name##_method;
ILK_METHODS(ILK_DECLARE_METHOD)
#undef ILK_DECLARE_METHOD
}  // namespace ilk
