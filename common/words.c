#include "common/words.h"
