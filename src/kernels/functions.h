#pragma once
// exp, log, cos … with the same bits everywhere. They lie in the core, whose random numbers need them too.
#include "core/scalar_functions.h"
