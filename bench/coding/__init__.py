"""How well notes become codes: `make eval-coding` prints lexical and semantic side by side.

Two sets of public notes lie outside the repository (`RCM_SAMPLES`, by default `../shared/samples`);
without them the evaluation says so and ends. What is printed is codes and figures, never a word of
a note. No rule, word or weight is tuned on what is reported:

- CodiEsp's development set is sorted by id; rules were tuned on the even places (0, 2, ...), and
  the figure that counts is of the odd ones.
- Of the ACI-Bench notes, every third from the first is labelled in `labels.txt` and only reported;
  the others were used for tuning and have no labels.
"""
