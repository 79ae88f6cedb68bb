/**
 * Progressive enhancement of the server-rendered pages. Without it they say UTC, and Back leads to
 * forms that were sent.
 */
import "./app.css";
import { goBackPast } from "./page/back";
import { cancelByKey } from "./page/confirm";
import { localiseDays } from "./page/days";
import { revealPasswords } from "./page/passwords";
import { localiseTimes } from "./page/times";

localiseTimes();
localiseDays();
goBackPast();
cancelByKey();
revealPasswords();
