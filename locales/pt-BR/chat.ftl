# A tela da conversa.

status-connecting = Conectando…
status-online = Online
status-offline = Desconectado

back-to-rooms = Voltar às salas
room-menu = Opções da sala
change-name = Trocar de nome
leave-room = Sair da sala

people-count = { $count ->
    [one] { $count } pessoa online
   *[other] { $count } pessoas online
}
people-title = Quem está online
people-self = você
people-more = { $count ->
    [one] e mais { $count } pessoa
   *[other] e mais { $count } pessoas
}

log-label = Mensagens de { $room }
load-older = Carregar mensagens anteriores
loading-older = Carregando…
older-failed = Não foi possível carregar. Tentar de novo
beginning = Aqui começa a conversa.
empty-title = Ninguém falou ainda
empty-text = Escreva a primeira mensagem e puxe o papo.
today = Hoje
yesterday = Ontem
new-marker = Novas mensagens
new-messages = { $count ->
    [one] { $count } nova mensagem
   *[other] { $count } novas mensagens
}
to-end = Ir para o fim

message-edited = (editada)
message-edit = Editar
message-delete = Apagar
message-pending = Enviando…
message-sent = Enviada
message-retry = Tentar de novo
message-discard = Descartar
failed-other = Não foi enviada.
failed-bad-message = Não foi enviada: o texto está vazio ou é longo demais.
failed-not-joined = Não foi enviada: você não está mais nesta sala.
failed-no-room = Não foi enviada: a sala foi fechada.

same-name = Há mais de uma pessoa com um nome parecido. O final ·{ $suffix } identifica esta.

typing-one = { $first } está escrevendo…
typing-two = { $first } e { $second } estão escrevendo…
typing-many = Várias pessoas estão escrevendo…
offline-hint = Sem conexão. Seu texto fica guardado.

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
left-text = Você saiu desta sala.
left-link = Entrar de novo
