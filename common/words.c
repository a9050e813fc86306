/*
 * The check words. tests/unit/test_auth.c holds this list against web/words.js. Any two differ in
 * at least two letters, and no two begin with the same four.
 */
#include "common/words.h"

const char *const check_words[256] = {
	"acorn", "album", "amber", "anchor", "animal", "ankle", "apron", "arch",
	"artist", "autumn", "badge", "baker", "bamboo", "banana", "banjo", "basil",
	"basket", "beach", "bike", "bonnet", "book", "bottle", "bread", "brick",
	"bridge", "bronze", "broom", "bubble", "bucket", "butter", "cabin", "cactus",
	"cake", "camel", "candle", "canoe", "cargo", "carpet", "carrot", "castle",
	"cedar", "cello", "chalk", "cheese", "cherry", "circus", "citrus", "clay",
	"clock", "clover", "cobalt", "cocoa", "coffee", "coral", "corner", "cotton",
	"crayon", "crown", "daisy", "dance", "desert", "dinner", "domino", "door",
	"dozen", "dragon", "drum", "eagle", "earth", "easel", "echo", "elbow",
	"engine", "fabric", "falcon", "family", "fern", "fiddle", "field", "finch",
	"flour", "flower", "flute", "folder", "forest", "forty", "fossil", "fox",
	"fruit", "garlic", "ginger", "glass", "globe", "goat", "grape", "green",
	"guitar", "harbor", "hazel", "helmet", "heron", "hill", "honey", "igloo",
	"indigo", "iris", "ivory", "jacket", "jaguar", "jam", "jelly", "jewel",
	"jigsaw", "juice", "jungle", "kettle", "kite", "kitten", "ladder", "lamp",
	"laptop", "lemon", "letter", "lilac", "lizard", "llama", "lobby", "lotus",
	"lunch", "magnet", "mango", "maple", "marble", "meadow", "melon", "metal",
	"mirror", "monkey", "moon", "motor", "museum", "music", "nectar", "nest",
	"ninety", "noodle", "north", "nurse", "oak", "oasis", "ocean", "olive",
	"onion", "opera", "orange", "orbit", "orchid", "otter", "oven", "oyster",
	"paddle", "paint", "palace", "panda", "paper", "peanut", "pearl", "pebble",
	"pepper", "piano", "pickle", "picnic", "pigeon", "pillow", "pilot", "pine",
	"pirate", "planet", "plum", "pocket", "potato", "prism", "puffin", "puppet",
	"purple", "puzzle", "quilt", "quiz", "rabbit", "radio", "raft", "raven",
	"ribbon", "rice", "robin", "ruby", "sailor", "salad", "salt", "saturn",
	"scarf", "school", "seven", "shadow", "silver", "sketch", "sky", "sled",
	"snow", "sofa", "spider", "spoon", "stable", "star", "statue", "stone",
	"studio", "sugar", "summer", "taxi", "teapot", "tennis", "tent", "thirty",
	"thumb", "ticket", "tiger", "toast", "tomato", "train", "tree", "truck",
	"tulip", "tunnel", "turnip", "turtle", "uncle", "valley", "velvet", "video",
	"violet", "voice", "wagon", "walnut", "walrus", "water", "whale", "wheat",
	"winter", "wolf", "yacht", "yellow", "yogurt", "zebra", "zero", "zigzag",
};
