# A tela da conversa.

status-connecting = Conectando…
status-online = Online
status-offline = Desconectado
status-stalled = Não está salvando
status-silent = Sem resposta

back-to-rooms = Voltar às salas
back-to-unread = { $count ->
    [one] Voltar às salas: { $count } não lida
   *[other] Voltar às salas: { $count } não lidas
}
room-menu = Opções da sala
change-name = Trocar de nome
sign-in = Entrar com conta
sign-out = Sair da conta
leave-room = Sair da sala

sidebar-label = Salas
sidebar-rooms = Salas
sidebar-others = Outras salas
sidebar-unread = { $count ->
    [one] { $count } não lida
   *[other] { $count } não lidas
}
sidebar-news-one = 1 nova
sidebar-news = { $count } novas
sidebar-draft = rascunho
sidebar-failed = mensagem não enviada
shell-menu = Ajustes
mark-all-read = Marcar tudo como lido
order-by-activity = Salas recentes primeiro
look-rows = Mensagens em linhas
notify-desktop = Avisar fora da página
notify-denied = O navegador não permite avisos desta página.
notify-sound = Som
announce-room = Sala { $name }
announce-room-unread = { $count ->
    [one] Sala { $name }, { $count } não lida
   *[other] Sala { $name }, { $count } não lidas
}
switcher-open = Ir para…
switcher-title = Ir para uma sala
switcher-placeholder = Nome da sala
switcher-none = Nenhuma sala sua tem esse nome.
sidebar-muted = silenciada
part-failed = Não foi possível abrir. Verifique a conexão ou recarregue a página.

room-level = Notificações
room-mark-read = Marcar como lida
level-title = O que é novidade nesta sala
level-everything = Tudo
level-everything-about = Cada mensagem conta.
level-mentions = Menções
level-mentions-about = Só o que cita você.
level-nothing = Nada
level-nothing-about = A sala fica apagada na lista, sem número.
level-hidden = Oculta
level-hidden-about = A sala sai da lista; está em “Ir para…”.
level-failed = Não foi possível salvar. Tente de novo.
log-loading = Carregando a conversa…

people-count = { $count ->
    [one] { $count } pessoa online
   *[other] { $count } pessoas online
}
people-title = Quem está online
people-self = você
mark-account = conta
mark-administrator = administrador
people-more = { $count ->
    [one] e mais { $count } pessoa
   *[other] e mais { $count } pessoas
}

log-label = Mensagens em { $room }
load-older = Carregar mensagens anteriores
loading-older = Carregando…
older-failed = Não foi possível carregar. Tentar de novo
beginning = Aqui começa a conversa.
empty-title = Ninguém falou ainda
empty-text = Escreva a primeira mensagem e puxe o papo.
today = Hoje
yesterday = Ontem
new-marker = Novas
unread-new = { $count ->
    [one] { $count } nova
   *[other] { $count } novas
}
unread-since = { $count ->
    [one] { $count } nova desde { $since }
   *[other] { $count } novas desde { $since }
}
unread-beyond = { $count }+ novas
unread-first = Ir à primeira
unread-read = Marcar lidas
new-messages = { $count ->
    [one] { $count } nova mensagem
   *[other] { $count } novas mensagens
}
to-end = Ir para o fim

message-edited = (editada)
message-damaged = (danificada no disco)
message-edit = Editar
message-delete = Apagar
message-menu = O que fazer com a mensagem
message-mark-unread = Marcar não lidas daqui
message-copy = Copiar o texto
message-copy-failed = O navegador não permite.
menu-close = Fechar
message-pending = Enviando…
message-sent = Enviada
waits-for-connection = aguardando a conexão
waits-for-server = aguardando o servidor
waits-for-turn = aguardando a vez
message-retry = Tentar de novo
message-discard = Descartar
failed-other = Não foi enviada.
failed-bad-message = Não foi enviada: o texto está vazio ou é longo demais.
failed-not-joined = Não foi enviada: você não está mais nesta sala.
failed-no-room = Não foi enviada: a sala foi fechada.

same-name = Há mais de uma pessoa com um nome parecido. O final ·{ $suffix } identifica esta.

announce-posted = { $name }: { $message }
announce-edited = { $name } editou: { $message }
announce-deleted = { $name } apagou uma mensagem
announce-failed = Não foi enviada: { $message }
announce-burst = { $count } mensagens novas
announce-changes = { $count } mensagens mudaram

keys-title = Teclas
keys-open = Teclas
keys-close = Fechar
keys-switcher = Ir para uma sala pelo nome
keys-rooms = A sala de cima ou de baixo
keys-unread-rooms = A próxima sala com novidades
keys-regions = Das salas ao cabeçalho, às mensagens e ao campo de texto, e de volta
keys-move = De mensagem em mensagem; para cima, na primeira, carrega anteriores
keys-unread = Numa mensagem: próxima não lida
keys-mark-unread = Numa mensagem: marcar não lidas a partir dela
keys-menu = Numa mensagem: o que fazer com ela
keys-edit = Na sua mensagem: editar
keys-delete = Na sua mensagem: apagar
keys-read = Nas mensagens e no campo: marcar lidas e escrever
keys-last = No campo vazio: editar sua última mensagem
keys-list = Nas mensagens: esta lista

typing-one = { $first } está escrevendo…
typing-two = { $first } e { $second } estão escrevendo…
typing-many = Várias pessoas estão escrevendo…

# O que impede o envio, numa linha acima do campo.
connecting = Conectando…
connection-silent = A conexão não responde; suas mensagens esperam aqui.
reconnect-in = Reconecta em { $seconds } s
reconnect-now = Tentar agora
server-stalled = O servidor não consegue salvar agora; suas mensagens esperam aqui.
server-stalled-disk = O disco do servidor está cheio; suas mensagens esperam aqui.
server-stalled-database = O banco de dados do servidor não responde ou não aceita nada; suas mensagens esperam aqui.
sends-in = Muitas mensagens de uma vez: a próxima sai em { $seconds } s
refused-address = A página abre, mas a conversa só funciona em { $origin }, e esta página está em { $here }.
refused-address-link = Abrir lá
refused-proxy = A página abre, mas a conversa não conecta. Talvez um proxy ou a rede não deixe passar WebSocket.
refused-too-many = Há conexões demais deste navegador ou endereço. Feche a conversa em outras abas.

composer-label = Mensagem
composer-placeholder = Escreva uma mensagem
composer-send = Enviar
composer-save = Salvar
composer-editing = Editando a mensagem
composer-cancel = Cancelar a edição
characters-left = { $count ->
    [one] Resta { $count } caractere
   *[other] Restam { $count } caracteres
}
characters-over = { $count ->
    [one] { $count } caractere a mais do que cabe
   *[other] { $count } caracteres a mais do que cabe
}
edit-failed = Não foi possível salvar. Tente de novo.
edit-gone = Esta mensagem não existe mais.

delete-title = Apagar esta mensagem?
delete-text = Ela some para todo mundo. Não dá para desfazer.
delete-confirm = Apagar
delete-cancel = Cancelar
delete-failed = Não foi possível apagar. Tente de novo.

closed-text = Esta sala foi fechada.
closed-link = Voltar às salas
left-text = Você não está mais nesta sala.
left-link = Entrar de novo
ended-text = Sua sessão terminou.
ended-link = Entrar de novo
