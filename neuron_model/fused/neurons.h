/* The neurons, for one type of numbers and one kind of processor: their functions, the equations,
 * the gradient of these, and both ways through time.
 */
#include "functions.h"
#include "tile.h"
#include "step.h"
#include "gradient.h"
#include "feed.h"
#include "forward.h"
#include "backward.h"

#undef SHIFTER
#undef WIDTH
#undef LOOP
#undef ROW
#undef EACH
#undef AT
#undef OF
#undef SATURATED
