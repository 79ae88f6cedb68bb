# As páginas que o servidor escreve. A tela da conversa está em chat.ftl.

site-description = Salas de bate-papo em tempo real: escolha uma, diga seu nome e converse.
skip-to-content = Ir para o conteúdo
main-navigation = Principal
nav-rooms = Salas
nav-administration = Administração
nav-account = Conta:
language-switch = Idioma
language-back = Voltar à página
back-to-rooms = Voltar às salas
cancel = Cancelar

## Tempo

ago-now = agora mesmo
ago-minutes = { $count ->
    [one] há { $count } minuto
   *[other] há { $count } minutos
}
ago-hours = { $count ->
    [one] há { $count } hora
   *[other] há { $count } horas
}
ago-days = { $count ->
    [one] há { $count } dia
   *[other] há { $count } dias
}
date = { $day } de { $month ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
} de { $year }
date-utc = { date } (UTC)
moment = { date }, { $time } UTC
moment-local = { date }, { $time }

## Lista de salas

rooms-title = Salas
rooms-lead = Escolha uma sala e puxe uma cadeira.
rooms-greeting = Boas-vindas, { $name }! Escolha uma sala e puxe uma cadeira.
rooms-online = { $count ->
    [0] Ninguém online
    [one] { $count } online
   *[other] { $count } online
}
rooms-quiet = Nenhuma mensagem ainda
rooms-last-activity = Última mensagem:
rooms-own = Minhas salas
rooms-others = Outras salas
rooms-direct = Mensagens diretas
rooms-direct-new = Nova conversa
rooms-direct-none = Ninguém ainda. Comece uma conversa com uma pessoa, ou com até nove.
rooms-new = Nova sala
rooms-unread = { $count ->
    [one] { $count } nova
    [100] 99+ novas
   *[other] { $count } novas
}
rooms-leave-all = Sair de todas as salas
rooms-empty-title = Nenhuma sala aberta
rooms-empty-text = Quem administra o Papo pode criar a primeira.
rooms-empty-action = Abrir a administração

## Entrar em uma sala

join-title = Entrar em { $room }
join-change-title = Seu nome em { $room }
join-username = Seu nome
join-hint = É assim que as pessoas da sala vão ver você. Até 25 caracteres.
join-submit = Entrar na sala
join-needs-account = Esta sala é para quem tem conta. Entre na sua, e você volta para cá.
join-change-submit = Salvar nome e voltar à conversa

## Salas que as pessoas criam e cuidam

new-room-title = Nova sala
new-room-text = Você cuida dela: dá o nome, convida as pessoas e escolhe quem ajuda.
new-room-submit = Criar sala
room-kind = Quem pode encontrá-la
room-kind-public = Todos
room-kind-public-hint = Aparece na lista para todos, e visitantes podem entrar.
room-kind-members = Membros
room-kind-members-hint = Aparece na lista para quem tem conta, e essas pessoas podem entrar.
room-kind-private = Privada
room-kind-private-hint = Mais ninguém a vê. As pessoas entram com o seu convite.
room-kind-direct = Direta
room-announcement = Só moderadores escrevem; os outros leem e reagem
room-is-announcement = Avisos
room-archived = Arquivada
about-back = Voltar à conversa
about-people = Pessoas
about-people-search = Nome
about-people-none = Ninguém com esse nome.
about-moderator = Moderação
about-you = (você)
about-person-manage = Gerenciar
about-promote = Tornar moderador
about-demote = Tornar membro
about-remove = Tirar da sala
about-ban = Tirar e banir
about-bans = Banidos
about-lift = Encerrar o banimento
about-manage = Configurações da sala
about-kind-hint = Mudar quem pode encontrá-la não tira ninguém. Abrir uma sala privada mostra o que foi escrito nela a quem entrar.
about-archive = Arquivar
about-archive-hint = Quem está na sala continua lendo; ninguém pode escrever. A sala sai da lista.
about-archive-confirm = Arquivar para todos
about-reopen = Abrir de novo
about-leave = Sair desta sala
about-invite = Convidar pessoas
about-invite-text = Crie um link. Quem o abrir pode entrar nesta sala, enquanto o link valer.
about-invite-time = Vale por
about-invite-hour = 1 hora
about-invite-day = 1 dia
about-invite-week = 7 dias
about-invite-month = 30 dias
about-invite-people = Para quantas pessoas
about-invite-submit = Criar link
about-invite-end = Encerrar
about-invite-hours = { $count ->
    [one] mais { $count } hora
   *[other] mais { $count } horas
}
about-invite-days = { $count ->
    [one] mais { $count } dia
   *[other] mais { $count } dias
}
about-invite-uses = { $count ->
    [one] para { $count } pessoa
   *[other] para { $count } pessoas
}
about-link = Seu link
about-link-url = Copie e passe adiante
about-link-hint = O Papo não guarda cópia, então ninguém pode mostrá-lo de novo. A câmera do celular lê o link na figura.
about-done-saved = Sala salva.
about-done-role = Papel alterado.
about-done-removed = Pessoa tirada da sala.
about-done-banned = Pessoa tirada da sala e banida.
about-done-lifted = O banimento acabou.
about-done-invited = Link criado.
about-done-ended = O link foi encerrado.
about-done-archived = Sala arquivada.
about-done-reopened = A sala está aberta de novo.
invite-title = Entrar em { $room }
invite-needs-account = Você foi convidado. Aqui é preciso ter conta para entrar.
invite-sign-in = Tenho uma conta
direct-title = Nova conversa
direct-text = Escolha uma pessoa, ou até nove. Só vocês veem.
direct-search = Nome de uma conta
direct-search-submit = Buscar
direct-people = Pessoas
direct-none = Nenhuma conta tem um nome que comece assim.
direct-submit = Começar

## Contas

sign-in-title = Entrar com conta
sign-in-text = Com uma conta, seu nome é só seu e suas salas estão em todos os seus aparelhos.
sign-in-no-account = Ainda não tem conta?
sign-up-title = Criar conta
sign-up-text = Seu nome passa a ser só seu, e suas salas ficam em todos os seus aparelhos.
sign-up-keeps = Suas salas e mensagens continuam com você.
sign-up-submit = Criar conta
sign-up-has-account = Já tem conta?
sign-up-name-hint = É assim que as pessoas vão ver você. Ninguém mais poderá usá-lo.
sign-up-closed = Quem administra este site cria as contas. Peça a sua a essas pessoas.
sign-up-invited = Para criar uma conta aqui, abra o convite que você recebeu de quem já participa.
password-hint = Pelo menos { $least } caracteres. Algumas palavras que não combinam funcionam bem.
password-show = Mostrar a senha
password-hide = Esconder a senha
sign-in = Entrar
sign-out = Sair da conta
account-name = Nome da conta
account-password = Senha

account-title = Sua conta
account-settings = Preferências
account-name-tab = Nome
account-name-hint = Vale nas salas em que você usa o nome da conta. As mensagens já enviadas ficam como estão.
account-name-save = Mudar o nome
account-devices = Aparelhos
account-done-saved = Preferências salvas. Elas valem em todos os seus aparelhos.
account-done-renamed = Nome mudado.
account-done-password = Senha mudada. Os outros aparelhos saíram da conta.
account-done-ended = Pronto: o acesso foi encerrado.
settings-language = Idioma
settings-time-zone = Fuso horário
settings-hours = Horas
settings-theme = Cores
settings-theme-light = Claras
settings-theme-dark = Escuras
settings-as-browser = Como no navegador
settings-as-device = Como neste aparelho
settings-hint = Vale em todos os seus aparelhos.
settings-save = Salvar
password-title = Mudar a senha
password-text = Os seus outros aparelhos saem da conta.
password-current = Senha atual
password-current-hint = A senha com que você entra hoje.
password-new = Nova senha
password-save = Mudar a senha
password-link-title = Nova senha para { $name }
password-link-text = Este link só vale uma vez. Todos os aparelhos em que você entrou saem da conta.
account-delete = Apagar
delete-title = Apagar a conta
delete-text = A conta e o seu nome deixam de existir, e você sai de todas as salas e aparelhos. Isto não se desfaz.
delete-messages = As suas mensagens
delete-keep = Ficam nas salas, sob o nome “Conta apagada”.
delete-all = São apagadas também.
delete-submit = Apagar a conta para sempre
deleted-account = Conta apagada
account-done-offered = O código já foi usado ou passou do prazo. Aqui estão os seus aparelhos.
offer-title = Entrar em outro aparelho
offer-text = Aponte a câmera do outro aparelho para o código, ou abra o endereço nele. Vale por dois minutos.
offer-code = Código QR com o endereço abaixo
offer-taken = Um aparelho quer entrar na sua conta. Confirme só se ele estiver com você e mostrar este número:
offer-confirm = É o meu: deixar entrar
offer-refuse = Não é o meu
offer-confirmed = Pronto. O outro aparelho entra em instantes.
device-title = Entrar como { $name }
device-text = Este aparelho pede para entrar na conta. Confirme no aparelho em que você já entrou.
device-confirm = No outro aparelho, confirme que este é o número:
devices-text = Onde você entrou com esta conta. Encerre o que você não reconhece e mude a senha.
devices-end-others = Encerrar todos os outros
device-unknown = Aparelho desconhecido
device-this = este
device-signed-in = Entrou em
device-last-used = último uso:
device-end = Encerrar

## A conversa

chat-absent = A conversa não abriu. Ou a conexão é lenta, ou este navegador é antigo demais: ela precisa do Chrome 109, Firefox 115, Safari 16.4 ou versões mais recentes.
chat-needs-script = A conversa precisa de JavaScript. Ligue-o no navegador e recarregue a página.

## Sair

leave-title = Sair de { $room }?
leave-all-title = Sair de todas as salas?
leave-text = Você deixa de receber as mensagens. Pode voltar quando quiser, com o mesmo nome.
leave-submit = Sair
leave-all-submit = Sair de todas
leave-stay = Ficar
leave-nowhere-title = Você não está em nenhuma sala
leave-nowhere-text = Não há de onde sair. Que tal entrar em uma?

## Erros dos formulários

error-username-blank = Escreva um nome.
error-username-long = O nome tem mais de 25 caracteres. Escolha um mais curto.
error-username-character = O nome tem um caractere que não pode ser usado ({ $code }): ele não aparece ou muda a direção do texto.
error-username-marks = O nome tem sinais demais em uma letra. Escolha um mais simples.
error-username-registered = Este nome pode ser confundido com o de uma conta. Escolha outro, ou entre com a conta, se ela for sua.
error-username-reserved = Este nome pode ser confundido com o da administração ou do próprio chat. Escolha outro.
error-account-taken = Já existe uma conta com este nome ou um muito parecido.
error-password-length = A senha deve ter de { $least } a { $most } caracteres.
error-last-administrator = Você é a última pessoa que administra este site. Dê antes esse direito a outra conta.
error-password-wrong = Esta não é a sua senha atual.
error-password-name = Esta senha é fácil de adivinhar: ela é feita do seu nome ou do nome deste lugar. Escolha outra.
error-password-common = Esta senha é fácil de adivinhar: muita gente usa uma igual ou quase igual. Escolha outra.
error-password-pattern = Esta senha é fácil de adivinhar: ela se repete, conta, é uma data ou segue as teclas. Escolha outra.
error-password-words = Esta senha é fácil de adivinhar: ela é feita de palavras muito usadas. Junte outras palavras a ela.
error-sign-in = Nome ou senha incorretos.
error-last-moderator = Alguém precisa cuidar da sala. Torne outra pessoa moderadora antes.
error-direct-people = Escolha pelo menos uma pessoa, e no máximo nove.
error-no-person = Alguém que você escolheu não tem mais conta.
error-no-member = Esta pessoa não está mais na sala.
error-account-suspended = Esta conta está suspensa. Fale com quem administra este site.
error-no-cookie = Seu navegador não guardou o cookie pelo qual o Papo reconhece você. Permita cookies neste site e tente de novo.
error-no-cookie-here = Seu navegador não guardou o cookie pelo qual o Papo reconhece você. Confira se você abriu { $address }, permita cookies nesse endereço e tente de novo.
error-no-language-cookie = Seu navegador não guardou o cookie em que fica o idioma. Permita cookies neste site e tente de novo.
error-room-name-blank = Escreva um nome para a sala.
error-room-name-long = O nome da sala tem mais de 100 caracteres.
error-room-name-control = O nome da sala deve ficar em uma só linha, sem caracteres invisíveis.
error-room-name-taken = Já existe uma sala com este nome.
error-description-long = A descrição tem mais de 1.000 caracteres.
error-description-character = A descrição tem um caractere que não pode ser guardado.
error-place-name-long = O nome tem mais de 60 caracteres. Escolha um mais curto.
error-place-name-control = O nome deve ter uma só linha, sem caracteres invisíveis.
error-welcome-long = O texto de boas-vindas tem mais de 2.000 caracteres.
error-welcome-character = O texto de boas-vindas tem um caractere que não pode ser guardado.
error-accent = Escolha uma cor, escrita como #0b7348.
error-first-rooms = Uma destas salas não existe. Escolha de novo.
error-first-rooms-many = Escolha no máximo 50 salas.
error-choice = Escolha uma das respostas oferecidas.
error-place-changed = Outra pessoa mudou as configurações enquanto isso. O que você escreveu continua aqui: salvar de novo troca o que ela salvou.
error-no-guests = Aqui só entra nas salas quem tem uma conta. Entre com a sua para participar.
error-unavailable = O servidor não consegue salvar isto agora. O que você escreveu continua aqui: tente de novo daqui a pouco.
error-rate-limited = { $seconds ->
    [one] Foram muitas tentativas seguidas. Tente de novo em { $seconds } segundo.
   *[other] Foram muitas tentativas seguidas. Tente de novo em { $seconds } segundos.
}

## Páginas de erro

error-page-not-found-title = Página não encontrada
error-page-not-found-text = Confira o endereço, ou comece pela lista de salas.
error-page-no-room-title = Esta sala não existe
error-page-no-room-text = Ela pode ter sido fechada, ou o endereço mudou. Há outras salas abertas.
error-page-not-joined-title = Entre na sala primeiro
error-page-not-joined-text = Esta página é para quem está na sala.
error-page-no-message-title = Esta mensagem não existe mais
error-page-no-message-text = Ela já tinha sido apagada.
error-page-banned-title = Você não pode entrar nesta sala
error-page-banned-text = A moderação da sala baniu você.
error-page-needs-account-title = Entre na sua conta antes
error-page-needs-account-text = Só quem tem conta pode fazer isso.
error-page-not-moderator-title = Só para a moderação
error-page-not-moderator-text = Você não cuida desta sala, ou não cuida mais.
error-page-read-only-title = Esta sala é só para leitura
error-page-read-only-text = Está arquivada, ou só a moderação escreve nela.
error-page-invitation-title = Este convite não vale mais
error-page-invitation-text = Venceu, ou já foi usado quantas vezes podia. Peça um novo.
error-page-no-member-title = Esta pessoa não está na sala
error-page-no-member-text = Pode ter saído nesse meio-tempo.
error-page-setup-title = Este link não vale mais
error-page-setup-text = Ele já foi usado, ou o servidor criou um mais novo.
error-page-password-link-text = Ele já foi usado, foi trocado por um mais novo ou passou do prazo. Peça outro a quem administra este site.
error-page-offer-text = O código já foi usado, é de outro aparelho ou passou do prazo. Mostre um novo no aparelho em que você já entrou.
error-page-not-administrator-title = Só para quem administra
error-page-not-administrator-text = Sua conta não tem acesso à administração.
error-page-cross-site-title = Pedido recusado
error-page-cross-site-text = Ele não veio de uma página deste site. Abra a página aqui e tente de novo.
error-page-method-title = Isto não se faz aqui
error-page-method-text = O endereço existe, mas não aceita esse tipo de pedido.
error-page-large-title = É coisa demais
error-page-large-text = O que foi enviado passa do tamanho permitido.
error-page-rate-limited-title = Calma aí
error-page-unavailable-title = Já voltamos
error-page-unavailable-text = O servidor não consegue responder agora. Tente de novo daqui a pouco.
error-page-internal-title = Algo deu errado
error-page-internal-text = O defeito é nosso e ficou registrado. Tente de novo daqui a pouco.
error-page-request-title = Não entendemos o pedido
error-page-request-text = Volte à página anterior e tente de novo.

## Administração

admin-title = Administração
admin-setup-title = Primeiro administrador
admin-setup-text = Escolha o nome e a senha da conta que vai cuidar das salas. Este link só vale uma vez.
admin-setup-username-hint = Também é o seu nome nas salas; ninguém mais poderá usá-lo.
admin-setup-submit = Criar conta
admin-rooms = Salas
admin-messages = Mensagens
admin-search = Buscar
admin-filter = Filtrar
admin-filters = Filtros
admin-clear = Limpar
admin-all-rooms = Todas
admin-state = Estado
admin-state-all = Todos
admin-state-active = Ativas
admin-state-inactive = Inativas
admin-active = Ativa
admin-inactive = Inativa
admin-pages = Páginas
admin-page = Página { $number }
admin-previous = Anterior
admin-next = Próxima
admin-actions = Ações
admin-nothing-found-title = Nada encontrado
admin-nothing-found-text = Mude ou limpe os filtros.

admin-room-new = Nova sala
admin-room-edit-title = Editar sala
admin-room-name = Nome
admin-room-name-hint = Até 100 caracteres, em uma linha.
admin-room-description = Descrição
admin-room-description-hint = Aparece na lista de salas. Pode ficar vazia.
admin-room-active = Aberta: aparece na lista e aceita pessoas
admin-room-active-hint = Enquanto está arquivada, quem está nela continua lendo, e ninguém escreve. Ela sai da lista.
admin-room-private-hint = Esta sala é privada. Você vê o nome dela e pode arquivá-la. O que se diz nela é de quem está nela.
admin-room-enter-private = Me incluir
admin-room-enter-private-hint = Todos na sala veem que você entrou.
admin-room-enter-private-confirm = Me incluir, à vista de todos
admin-room-enter = Entrar
admin-room-open = Ir para a sala
admin-room-created = Criada em
admin-room-last-activity = Última mensagem
admin-room-edit = Editar
admin-room-activate = Ativar
admin-room-deactivate = Desativar
admin-room-deactivate-confirm = Desativar para todo mundo
admin-room-see-messages = Ver mensagens
admin-room-create = Criar sala
admin-room-save = Salvar
admin-never = nunca

admin-settings = Configurações
settings-look = Nome e aparência
settings-name = Nome deste lugar
settings-name-hint = Aparece nos títulos e no alto de todas as páginas. Até 60 caracteres; pode ficar vazio.
settings-welcome = Boas-vindas
settings-welcome-hint = Quem chega lê este texto acima da lista de salas. Até 2.000 caracteres; pode ficar vazio.
settings-accent = Cor de destaque
settings-accent-use = Usar esta cor no lugar da cor do Papo
settings-accent-hint = Onde o texto ficaria ilegível, usamos tons mais claros ou mais escuros dela.
settings-language-own = O do Papo: português
settings-language-hint = Para quem usa um navegador que não pede nem português nem inglês. Cada pessoa pode trocar o seu.
settings-people = Pessoas
settings-sign-up = Quem pode criar uma conta
settings-sign-up-open = Qualquer pessoa
settings-sign-up-invited = Quem tem um convite
settings-sign-up-closed = Ninguém; a administração cria as contas
settings-guests = Quem não tem conta pode entrar nas salas
settings-guests-hint = Sem isso, pedimos que a pessoa entre com uma conta. Quem já está em uma sala continua nela.
settings-room-makers = Quem pode criar salas
settings-room-makers-accounts = Quem tem uma conta
settings-room-makers-administrators = A administração
settings-first-rooms = Salas em que cada conta nova entra
settings-first-rooms-hint = Até 50. Nada muda para as contas que já existem.

admin-people = Pessoas
people-administrators = Quem administra
people-others = As outras pessoas
people-active = Podem entrar
people-suspended = Suspensas
person-role = Papel
person-active = ativa
person-suspended = suspensa
person-used = Último uso
person-made = Conta criada
person-devices = Aparelhos
person-no-devices = Não está em nenhum aparelho.
person-signed-in = Entrou
person-end-sessions = Sair de todos os aparelhos
person-is-administrator = Pode abrir a administração e mudar tudo ali.
person-is-account = Usa as salas, sem acesso à administração.
person-promote = Dar a administração
person-demote = Tirar a administração
person-access = Acesso
person-suspend = Suspender
person-suspend-text = A pessoa sai na hora de todos os aparelhos e não pode entrar. O nome continua dela, e as mensagens também.
person-suspend-confirm = Suspender agora
person-restore = Restaurar
person-restore-text = Esta conta está suspensa: ninguém pode entrar com ela.
person-remove = Remover a conta
person-remove-text = Para sempre. A pessoa sai de todos os aparelhos e de todas as salas, e qualquer pessoa pode usar o nome. As mensagens ficam.
person-remove-confirm = Remover para sempre
person-back = Voltar às pessoas

admin-audit = Registro
audit-export = Salvar como tabela (CSV)
audit-who = Quem
audit-act = O que fez
audit-what = Em quê
audit-all-acts = Tudo
audit-command = linha de comando
audit-damaged = não pode ser lido
audit-place-set = Mudou as configurações
audit-room-made = Criou uma sala
audit-room-set = Mudou uma sala
audit-room-opened = Abriu uma sala
audit-room-closed = Fechou uma sala
audit-message-deleted = Apagou uma mensagem
audit-account-made = Criou uma conta
audit-password-set = Trocou uma senha
audit-sessions-ended = Encerrou os acessos
audit-account-suspended = Suspendeu uma conta
audit-account-restored = Restaurou uma conta
audit-account-removed = Removeu uma conta
audit-administrator-made = Deu a administração
audit-administrator-unmade = Tirou a administração

admin-message = Mensagem
admin-message-room = Sala
admin-message-sender = Quem
admin-message-time = Quando
admin-message-from = De
admin-message-to = Até
admin-message-edited = editada
mark-account = conta
mark-administrator = administrador
admin-message-delete = Apagar
admin-message-delete-confirm = Apagar para todo mundo

admin-done-created = Sala criada.
admin-done-saved = Sala salva.
admin-done-activated = Sala ativada.
admin-done-deactivated = Sala arquivada. Quem está nela continua lendo.
admin-done-deleted = Mensagem apagada.
admin-done-settings = Configurações salvas.
admin-done-suspended = Conta suspensa, fora de todos os aparelhos.
admin-done-restored = Conta restaurada.
admin-done-ended = Saiu de todos os aparelhos.
admin-done-promoted = Esta conta agora administra.
admin-done-demoted = Esta conta não administra mais.
admin-done-removed = Conta removida.
