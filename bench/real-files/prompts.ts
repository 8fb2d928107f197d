/**
 * Ten prompts, as questions to a model that was taught to answer, and as beginnings to one that goes on with a text.
 */
export const questions = [
  "Write a Python function that reverses a string.",
  "What does the SQL keyword JOIN do? Answer in one sentence.",
  "Write a JavaScript one-liner that sums an array of numbers.",
  "Explain what a hash table is, briefly.",
  "Fix this code: `for i in range(10) print(i)`",
  "What is the capital of France?",
  "Translate to Spanish: good morning, my friend.",
  "What is the time complexity of binary search, and why?",
  "Write a haiku about rivers.",
  "Count from one to ten in words.",
];

export const beginnings = [
  "The capital of France is",
  "Once upon a time there was a river that",
  "Photosynthesis is the process by which",
  "To make bread you need flour, water,",
  "1, 2, 3, 4, 5,",
  "def fibonacci(n):\n    ",
  "The largest planet in the solar system is",
  "Dear Sir or Madam,\n\nI am writing to",
  "Water boils at 100 degrees",
  "La capitale de l'Allemagne est",
];
