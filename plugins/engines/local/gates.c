#include "gates.h"

#include <stdio.h>

/* Found on 91 pictures: at first sight good ones have an unsure share of 0.04 to 0.35, small whole
 * figures up to 0.50; a cup of coffee 0.96, landscapes 0.4 to 300. On the second look even the cup
 * has 0.20, since it then fills the window as a person would. */
#define AREA_LEAST 0.01
#define UNSURE_MOST 0.60
#define UNSURE_GOOD 0.35
#define LARGEST_GOOD 0.70
#define FACE_SCORE 0.30

enum gate gate_person(struct gate_facts facts)
{
	if (facts.area < AREA_LEAST) {
		return GATE_NO_PERSON;
	}
	return facts.at_first > UNSURE_MOST ? GATE_FACE_DECIDES : GATE_OPEN;
}

bool gate_low_confidence(struct gate_facts facts)
{
	return facts.unsure > UNSURE_GOOD || facts.largest < LARGEST_GOOD;
}

void gate_explain(struct gate_facts facts, char *to, int size)
{
	(void)snprintf(to, (size_t)size,
		"no_person: likely one: %.1f %% of the picture, at least %.1f %% is needed; "
		"unsure: %.2f "
		"of "
		"that, at most %.2f is allowed where there is no face",
		100 * facts.area, 100 * AREA_LEAST, facts.at_first, UNSURE_MOST);
}

double gate_face_score(void)
{
	return FACE_SCORE;
}
