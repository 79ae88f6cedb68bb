/** Who is in the pictures, and what they say. */

export const SELF = "Luísa";

export interface Line {
  who: string;
  text: string;
  minutesAgo: number;
}

/** The rooms beside Geral. The first two are there from the beginning. */
export const ROOMS: readonly { name: string; description?: string; online: readonly string[]; last: Line }[] = [
  {
    name: "Tecnologia",
    online: ["Nanda", "Tiago", "Yumi"],
    last: { who: "Nanda", text: "O teclado chegou: silencioso como prometeram.", minutesAgo: 6 },
  },
  {
    name: "Jogos",
    online: [],
    last: { who: "Tiago", text: "Ficou marcada a revanche do xadrez. Domingo!", minutesAgo: 1_530 },
  },
  {
    name: "Cozinha",
    description: "Receitas, segredos de família e panelas queimadas",
    online: ["Dona Ivone", "Caio"],
    last: { who: "Dona Ivone", text: "O segredo é deixar a massa descansar uma hora.", minutesAgo: 34 },
  },
  {
    name: "Música",
    description: "O que está tocando aí?",
    online: ["Yumi"],
    last: { who: "Yumi", text: "Cartola numa tarde dessas. Não precisa de mais nada.", minutesAgo: 190 },
  },
  {
    name: "Livros",
    description: "Clube de leitura: este mês, Clarice",
    online: [],
    last: { who: "Nanda", text: "Terminei “A Hora da Estrela” e estou sem palavras.", minutesAgo: 1_700 },
  },
];

export const CONVERSATION: readonly Line[] = [
  { who: "Rafael", text: "Pessoal, o encontro de sábado ficou para as 16h, no parque.", minutesAgo: 1_503 },
  { who: "Bia", text: "Levo o bolo de fubá 🎂", minutesAgo: 1_496 },
  { who: "Bia", text: "E café, claro.", minutesAgo: 1_496 },
  { who: SELF, text: "Bia, você é maravilhosa.", minutesAgo: 1_490 },
  { who: "Seu Jorge", text: "Se chover, a gente fica na varanda lá de casa. Cabe todo mundo.", minutesAgo: 1_471 },
  { who: "Rafael", text: "Gente, alguém anotou o endereço?", minutesAgo: 41 },
  {
    who: SELF,
    text: "Anotei: portão 3, do lado do lago.\nO mapa está aqui: https://parque.example/mapa",
    minutesAgo: 38,
  },
  { who: "Caio", text: "Valeu, Luísa! 🙏", minutesAgo: 36 },
  { who: "Caio", text: "Posso levar a Nina? Ela se comporta (quase sempre).", minutesAgo: 35 },
  { who: "Bia", text: "Pode e deve. Cachorro é convidado de honra.", minutesAgo: 33 },
  { who: "Caio", text: "🐶❤️", minutesAgo: 32 },
  { who: SELF, text: "Então está combinado. Levo a toalha e os pratos.", minutesAgo: 9 },
];

/** What comes while Luísa is in another window. */
export const NEWS: readonly Omit<Line, "minutesAgo">[] = [
  { who: "Seu Jorge", text: "E eu levo o violão. Pedidos até sexta!" },
  { who: "Rafael", text: "“Trem das Onze”, por favor 🎶" },
];

export const TYPING = "Bia";
